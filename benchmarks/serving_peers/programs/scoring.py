"""
The models as one function from rows to numbers: what every server calls.

Read from MODEL_FOLDER and MODEL_KIND, or from the folder of Azure's name.
"""

import os
import pickle
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SLEEP = 0.05

Predict = Callable[[Any], Any]
"""Takes a list of rows or an array of them, returns an array or list of numbers."""


def load() -> Predict:
    """The model that the environment names."""
    folder = Path(os.environ["MODEL_FOLDER"])
    kind = os.environ["MODEL_KIND"]
    if kind == "sleeper":
        return sleep
    if kind == "onnx":
        return network(folder / "onnx.onnx")
    with (folder / f"{kind}.pkl").open("rb") as file:
        model = pickle.load(file)
    return model.predict


def sleep(rows: Sequence[Sequence[float]]) -> list[float]:
    """A model that takes its time, whatever the number of rows."""
    time.sleep(SLEEP)
    return [float(sum(row)) for row in rows]


def network(path: Path) -> Predict:
    """An ONNX network on one core."""
    import numpy  # noqa: PLC0415 - only the network needs them
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def predict(rows: Any) -> Any:
        return session.run(None, {name: numpy.asarray(rows, dtype=numpy.float32)})[0][:, 0]

    return predict


def numbers(answer: Any) -> list[float]:
    """A model's answer as JSON knows it."""
    return answer.tolist() if hasattr(answer, "tolist") else list(answer)
