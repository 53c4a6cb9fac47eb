"""BentoML: `bentoml serve bentoml_app:Scorer`."""

import os

import bentoml
import numpy as np
from scoring import load, numbers

BATCH = int(os.environ.get("BATCH", "1"))


@bentoml.service(workers=1, traffic={"timeout": 60})
class Scorer:
    def __init__(self) -> None:
        self.model = load()

    @bentoml.api(batchable=BATCH > 1, max_batch_size=max(BATCH, 2), max_latency_ms=10_000)
    def predict(self, data: np.ndarray) -> list[float]:
        return numbers(self.model(data))
