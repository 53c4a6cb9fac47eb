"""Azure's scoring script: for Azure's own server and for ours, unchanged."""

import json

from scoring import load, numbers


def init() -> None:
    global predict
    predict = load()


def run(data: str) -> list[float]:
    return numbers(predict(json.loads(data)["data"]))
