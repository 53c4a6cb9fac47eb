"""What ModelDataCollector and Collector of a real worker put into its ring."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelyard.telemetry.ring import RingReader

LISTING = """
from azureml.monitoring import ModelDataCollector
import json
def init():
    global inputs_dc, prediction_dc
    inputs_dc = ModelDataCollector(
        "best_model", designation="inputs", feature_names=["feat1", "feat2", "feat3"]
    )
    prediction_dc = ModelDataCollector(
        "best_model", designation="predictions", feature_names=["prediction1"]
    )
    inputs_dc.collect([0, 0, 0])
def run(data):
    data = json.loads(data)["data"]
    result = [sum(data)]
    correlations = inputs_dc.collect(data)
    result_with = prediction_dc.add_correlations(result, correlations)
    prediction_dc.collect(result_with)
    if data[0] < 0:
        raise ValueError("below zero")
    return {"result": result, "correlations": correlations}
"""

Records = Callable[[], list[tuple[dict[str, Any], bytes]]]


@pytest.fixture
def told(tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path / "rings" / "data"
    return {"folder": str(folder), "front": "f1", "rate": 1.0, "about": {"service": "prices"}}


@pytest.fixture
def records(told: dict[str, Any]) -> Records:
    """Head and data of all records in all rings, in order."""

    def read() -> list[tuple[dict[str, Any], bytes]]:
        found = []
        for path in sorted(Path(told["folder"]).glob("*.data.ring")):
            ring = RingReader.open(path)
            for record in ring.read(1 << 30):
                (size,) = struct.unpack_from("<I", record)
                found.append((json.loads(record[4 : 4 + size]), record[4 + size :]))
            ring.close()
        return found

    return read


def serving(launch: Any, script: str, told: Any, python: str | None = None, **more: Any) -> Any:
    worker = launch(script, python) if python else launch(script)
    ready = worker.greet(collect=told, **more)
    assert ready.head.get("ready"), ready.head
    return worker


def ask(worker: Any, body: Any) -> Any:
    """The request's id is request-1, request-2, … of each worker."""
    return worker.score(json.dumps(body).encode())


def test_the_listing_runs_unchanged_and_its_rows_are_in_the_ring(launch, python, told, records):
    worker = serving(
        launch, LISTING, told, python,
        models=[{"name": "best_model", "version": 3, "path": "/"}],
    )  # fmt: skip

    answer = ask(worker, {"data": [1, 2.5, 3]})

    assert answer.status == 200
    (inputs, _), (predictions, _) = records()
    correlation = answer.json["correlations"]["$aml_dc_correlation_id"]
    assert (inputs["d"], inputs["m"], inputs["v"], inputs["r"]) == (
        "inputs",
        "best_model",
        "3",
        "request-1",
    )
    assert (inputs["names"], inputs["rows"]) == (["feat1", "feat2", "feat3"], [[1, 2.5, 3]])
    assert inputs["c"] == correlation
    assert (predictions["names"], predictions["rows"]) == (["prediction1"], [[6.5]])
    assert predictions["c"] == [correlation]
    assert answer.json["correlations"]["$aml_request_id"] == "request-1"


def test_without_collect_model_data_nothing_is_collected_and_the_script_runs(
    launch, told, records
):
    worker = serving(launch, LISTING, None)

    answer = ask(worker, {"data": [1, 2, 3]})

    assert answer.json["correlations"] is None
    assert records() == []


def test_of_sampled_requests_those_that_fail_are_all_kept(launch, told, records):
    worker = serving(launch, LISTING, {**told, "rate": 0.25})

    for number in range(40):
        ask(worker, {"data": [number, 0, 0]})
    for number in range(10):
        assert ask(worker, {"data": [-1, number, 0]}).status == 500

    kept = [head for head, _ in records() if head["d"] == "inputs"]
    good = [head for head in kept if head["rows"][0][0] >= 0]
    assert 0 < len(good) < 25
    assert {head["p"] for head in good} == {0.25}
    assert [head["p"] for head in kept if head["rows"][0][0] < 0] == [1.0] * 10


def test_the_same_requests_are_sampled_in_every_worker(launch, told, records):
    for _ in range(2):
        worker = serving(launch, LISTING, {**told, "rate": 0.5})
        for number in range(30):
            ask(worker, {"data": [number, 0, 0]})

    counts: dict[str, int] = {}
    for head, _ in records():
        counts[head["r"]] = counts.get(head["r"], 0) + 1
    assert counts
    assert set(counts.values()) == {4}  # two workers, inputs and predictions


ODD = """
import json
from azureml.monitoring import ModelDataCollector
dc = ModelDataCollector("m", "inputs", identifier="old")
def init(): pass
def run(data):
    kind = json.loads(data)
    if kind == "object":
        dc.collect(object())
    if kind == "surrogate":
        dc.collect(["\\udc80", b"\\xff\\xfe", float("nan"), None, {"a": 1}])
    if kind == "long":
        dc.collect([["x" * 100000, 1]])
    if kind == "many":
        dc.collect([[i] for i in range(50000)])
    if kind == "changing":
        dc.collect([1]); dc.collect(["a", "b"]); dc.collect({"x": [1, 2]})
    if kind == "flood":
        for _ in range(40): dc.collect([["y" * 10000] * 90])
    return "fine"
"""


@pytest.mark.parametrize("kind", ["object", "surrogate", "long", "many", "changing", "flood"])
def test_whatever_is_collected_run_goes_on(launch, told, records, kind):
    worker = serving(launch, ODD, told)

    answer = ask(worker, kind)

    assert (answer.status, answer.json) == (200, "fine")
    heads = [head for head, _ in records()]
    if kind == "object":
        assert heads == []
        assert "input data must be" in worker.log
    if kind == "surrogate":
        assert heads[0]["rows"][0][1] == "\\xff\\xfe"
        assert heads[0]["rows"][0][4] == '{"a": 1}'
    if kind == "long":
        assert heads[0]["rows"][0][0].startswith("sha256:")
    if kind == "many":
        assert (heads[0]["n"], heads[0]["cut"]) == (10_000, 40_000)
    if kind == "changing":
        assert [head["names"] for head in heads] == [["column_0"], ["column_0", "column_1"], ["x"]]


def test_a_full_ring_drops_and_counts_and_delays_nothing(launch, told, records):
    worker = serving(launch, ODD, told)

    answers = [ask(worker, "flood") for number in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    (path,) = Path(told["folder"]).glob("*.data.ring")
    ring = RingReader.open(path)
    assert ring.dropped == 80 - len(records()) > 0
    ring.close()


def test_a_folder_that_cannot_be_made_is_told_once_and_run_goes_on(launch, told, tmp_path):
    (tmp_path / "rings").write_text("in the way")
    worker = serving(launch, LISTING, told)

    answers = [ask(worker, {"data": [1, 2, 3]}) for number in range(3)]

    assert [answer.status for answer in answers] == [200] * 3
    assert worker.log.count("Rows could not be collected") == 1


FRAME = """
import json, time
import numpy as np
import pandas as pd
from azureml.ai.monitoring import Collector
from azureml.ai.monitoring.context import BasicCorrelationContext
from azureml.monitoring import ModelDataCollector
errors = []
def init():
    global inputs, outputs, old
    inputs = Collector(name="model_inputs", on_error=lambda e: errors.append(str(e)))
    outputs = Collector(name="model_outputs", on_error=lambda e: errors.append(str(e)))
    old = ModelDataCollector("m", "predictions")
def run(data):
    asked = json.loads(data)
    if asked.get("wrong"):
        inputs.collect([1, 2])
        return errors
    if asked.get("large"):
        frame = pd.DataFrame(np.zeros((asked["large"], 4)), columns=list("abcd"))
        begun = time.perf_counter()
        inputs.collect(frame)
        return time.perf_counter() - begun
    frame = pd.DataFrame(asked["frame"])
    context = inputs.collect(frame, BasicCorrelationContext(id="order-17"))
    outputs.collect(frame[["x"]] * 2, context)
    old.collect(old.add_correlations(np.array([[1.5], [2.5]], dtype="float32"), None))
    correlations = {name: "v" for name in old._HEADERS}
    old.collect(old.add_correlations(np.array([7, 8]), {**correlations, "$aml_dc_boundary": 60}))
    return context.get_id()
"""


def test_frames_and_arrays_are_written_as_they_lie_in_memory(launch, told, records):
    models = [{"name": "m", "version": 2, "path": "/"}]
    worker = serving(launch, FRAME, told, models=models)

    answer = ask(worker, {"frame": {"x": [1, 2], "y": [0.5, None], "t": ["a", "b"]}})

    assert answer.json == "order-17"
    (first, data), (second, _), (third, numbers), (fourth, _) = records()
    assert (first["d"], first["m"], first["v"]) == ("model_inputs", "m", "2")
    assert first["columns"] == [["x", "<i8", 16], ["y", "<f8", 16], ["t", "j", 9]]
    assert (data[:16], data[-9:]) == (struct.pack("<qq", 1, 2), b'["a","b"]')
    assert (first["c"], second["d"], second["c"]) == ("order-17", "model_outputs", "order-17")
    assert (third["matrix"], third["n"], numbers) == ("<f4", 2, struct.pack("<ff", 1.5, 2.5))
    assert (fourth["rows"], fourth["c"]) == ([[7, 8]], ["v"])


def test_what_is_no_frame_goes_to_on_error(launch, told, records):
    worker = serving(launch, FRAME, told)

    answer = ask(worker, {"wrong": True})

    assert "data type (list) not supported" in answer.json[0]
    assert records() == []


def test_a_frame_of_a_gigabyte_is_cut_before_it_is_copied(launch, told, records):
    worker = serving(launch, FRAME, told)

    answer = ask(worker, {"large": 32_000_000})  # of 4 columns of 8 bytes

    ((head, data),) = records()
    assert (head["n"], head["cut"]) == (10_000, 31_990_000)
    assert len(data) == 320_000
    assert answer.json < 0.5
