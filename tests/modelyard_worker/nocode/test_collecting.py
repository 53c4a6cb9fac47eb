"""What a worker that serves a model without a script puts into its ring, by itself."""

import json
import struct
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from modelyard.telemetry.ring import RingReader
from modelyard_worker.frames import REQUEST, SHARED, Frame, encode
from tests.modelyard_worker.nocode.asking import tensors_as_json


@pytest.fixture
def told(tmp_path: Path) -> dict[str, Any]:
    folder = str(tmp_path / "rings")
    return {"folder": folder, "front": "f1", "rate": 1.0, "about": {"service": "prices"}}


def records(told: dict[str, Any]) -> list[dict[str, Any]]:
    (path,) = Path(told["folder"]).glob("*.data.ring")
    ring = RingReader.open(path)
    found = ring.read(1 << 30)
    ring.close()
    return [json.loads(each[4 : 4 + struct.unpack_from("<I", each)[0]]) for each in found]


def test_inputs_and_predictions_are_collected_and_those_of_the_self_test_are_not(
    serve_model, told, tmp_path
):
    path = tmp_path / "line.joblib"
    joblib.dump(
        LinearRegression().fit([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], [1.0, 2.0, 3.0]), path
    )
    sample = tensors_as_json(rooms=[1.0, 2.0], area=[3.0, 4.0])
    worker = serve_model(
        "ScikitLearn",
        path,
        sample=sample,
        collect=told,
        batching={"max_size": 8, "max_wait_ms": 0},
    )

    worker.predict(rows=np.array([[1.0, 2.0], [3.0, 4.0]]))

    inputs, predictions = records(told)
    assert (inputs["d"], inputs["n"], inputs["tensors"]) == (
        "inputs",
        2,
        [["rows", "FP64", [2, 2], 32]],
    )
    assert inputs["names"] == ["rooms", "area"]
    assert (predictions["d"], predictions["tensors"][0][2][0]) == ("predictions", 2)
    assert inputs["c"] == predictions["c"]


def test_a_body_that_did_not_reach_the_worker_costs_that_request_alone(
    serve_model, told, tmp_path
):
    path = tmp_path / "line.joblib"
    joblib.dump(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), path)
    sample = tensors_as_json(rooms=[1.0, 2.0])
    worker = serve_model("ScikitLearn", path, sample=sample, collect=told)
    head = {"tensors": [["rooms", "FP64", [1, 1], 8]], "shared": ["nothing-is-here", 8]}

    worker.process.sock.sendall(encode(Frame(REQUEST, 77, head, flags=SHARED)))
    lost = worker.process.receive()

    assert (lost.id, lost.head["status"]) == (77, 500)
    assert worker.predict(rooms=np.array([[3.0]]))
