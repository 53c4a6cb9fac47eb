"""KServe's Python server: `python kserve_app.py PORT`."""

import sys
from typing import Any

from kserve import Model, ModelServer
from scoring import load, numbers


class Scorer(Model):
    def load(self) -> bool:
        self.model = load()
        self.ready = True
        return self.ready

    def predict(self, payload: dict[str, Any], *_: Any, **__: Any) -> Any:
        return {"predictions": numbers(self.model(payload["instances"]))}


def main() -> None:
    scorer = Scorer("model")
    scorer.load()
    server = ModelServer(
        http_port=int(sys.argv[1]), enable_grpc=False, workers=1, access_log_format=None
    )
    server.start([scorer])


if __name__ == "__main__":
    main()
