"""Every shape that a worker writes becomes typed columns."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from arro3.io import read_parquet

from tests.collector.inputs.collecting import collect, open_rows, rows_of_file, sealed

FIRST = ["$CorrelationId", "$RequestId", "$Timestamp", "$ModelName", "$ModelVersion"]


@pytest.mark.parametrize(
    ("given", "names", "rows"),
    [
        pytest.param([1, 2.5], ["a", "b"], [{"a": 1, "b": 2.5}], id="one row"),
        pytest.param([[1, "x"], [None, "y"]], None,
                     [{"column_0": 1, "column_1": "x"}, {"column_0": None, "column_1": "y"}],
                     id="rows"),
        pytest.param([{"a": 1}, {"a": 2}], None, [{"a": 1}, {"a": 2}], id="rows by name"),
        pytest.param({"a": [True, False]}, None, [{"a": True}, {"a": False}], id="columns"),
        pytest.param(np.array([[1, 2], [3, 4]], "float32"), ["a", "b"],
                     [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}], id="a matrix"),
        pytest.param(np.array([5, 6], "uint8"), ["a", "b"], [{"a": 5, "b": 6}], id="an array"),
        pytest.param(np.array([[True], [False]]), ["a"], [{"a": True}, {"a": False}], id="bools"),
        pytest.param(np.array([[0.5]], "float16"), ["a"], [{"a": 0.5}], id="half floats"),
        pytest.param(np.array([["x", None]], object), ["a", "b"], [{"a": "x", "b": None}],
                     id="objects"),
        pytest.param(pd.DataFrame({"n": [1, 2], "t": ["a", None],
                                   "d": pd.to_datetime(["2026-11-22", None])}), ["not", "used"],
                     [{"n": 1, "t": "a", "d": "2026-11-22T00:00:00"},
                      {"n": 2, "t": None, "d": None}], id="a frame"),
        pytest.param(["\udc80", "Köln"], ["a", "b"], [{"a": "?", "b": "Köln"}], id="no UTF-8"),
        pytest.param([2**70, -(2**70)], ["a", "b"],
                     [{"a": str(2**70), "b": str(-(2**70))}], id="beyond 64 bits"),
        pytest.param([1, 2], ["$Timestamp", "x"], [{"$Timestamp_2": 1, "x": 2}], id="our names"),
        pytest.param([1, 2], ["x", "x"], [{"x": 1, "x_2": 2}], id="a name twice"),
        pytest.param([[1, 2], [3]], ["x", "y"], [{"x": 1, "y": 2}, {"x": 3, "y": None}],
                     id="rows of different lengths"),
    ],
)  # fmt: skip
def test_what_was_collected_is_in_the_file(place, given, names, rows):
    collect(place.worker(), given, names)
    inputs = place.inputs()
    before = datetime.now(UTC)

    inputs.run_once()
    (path,) = sealed(inputs)

    found = rows_of_file(path)
    assert [
        {k: v for k, v in row.items() if k not in {*FIRST, "$Probability"}} for row in found
    ] == rows
    assert list(found[0])[:5] == FIRST
    assert list(found[0])[-1] == "$Probability"
    assert found[0]["$RequestId"] == "r1"
    assert (found[0]["$ModelName"], found[0]["$ModelVersion"]) == ("iris", "3")
    assert found[0]["$Probability"] == 1.0
    assert abs((found[0]["$Timestamp"] - before).total_seconds()) < 60
    assert path.parent.relative_to(place.root).parts[:5] == (
        "lab", "prices", "iris", "3", "inputs",
    )  # fmt: skip
    inputs.drain.close()


def test_types_are_kept(place):
    frame = pd.DataFrame({"i": np.array([1], "int16"), "f": np.array([1], "float32"), "b": [True]})
    collect(place.worker(), frame)
    inputs = place.inputs()

    inputs.run_once()
    (path,) = sealed(inputs)

    schema = read_parquet(str(path)).schema
    assert [str(schema.field(n).type).split("<")[1].strip(">\n") for n in "ifb"] == [
        "Int16", "Float32", "Boolean",
    ]  # fmt: skip
    inputs.drain.close()


def test_columns_that_change_between_calls_are_put_together(place):
    worker = place.worker()
    for given in ({"a": [1]}, {"a": [1.5], "b": ["x"]}, {"b": [2]}, {"a": [None]}):
        collect(worker, given)
    inputs = place.inputs()

    inputs.run_once()
    (path,) = sealed(inputs)

    found = [(row["a"], row["b"]) for row in rows_of_file(path)]
    assert sorted(found, key=str) == sorted(
        [(1.0, None), (1.5, "x"), (None, "2"), (None, None)], key=str
    )
    inputs.drain.close()


def test_rows_of_requests_run_together_are_told_apart(place):
    worker = place.worker()
    heads = [["x", "FP64", [3, 2], 48], ["city", "BYTES", [3, 1], 15]]
    body = np.arange(6.0).tobytes() + b"".join(b"\x01\x00\x00\x00" + c for c in (b"a", b"b", b"c"))

    worker.tensors("inputs", heads, body, [["one", 1], ["two", 2]], True)
    inputs = place.inputs()
    inputs.run_once()

    found = open_rows(inputs)
    assert [(r["$RequestId"], r["$CorrelationId"]) for r in found] == [
        ("one", "one"), ("two", "two"), ("two", "two"),
    ]  # fmt: skip
    assert [(r["x_0"], r["x_1"], r["city"]) for r in found] == [
        (0.0, 1.0, "a"), (2.0, 3.0, "b"), (4.0, 5.0, "c"),
    ]  # fmt: skip
    inputs.drain.close()


def test_of_requests_run_together_only_those_in_the_sample_are_kept(place):
    worker = place.worker(rate=0.5)
    ids = [f"request-{number}" for number in range(40)]
    heads = [["x", "INT64", [40, 1], 320]]

    worker.tensors("inputs", heads, np.arange(40).tobytes(), [[id, 1] for id in ids], True)
    for id in ids:
        collect(worker, [1], ["x"], request=id, designation="predictions")
    inputs = place.inputs()
    inputs.run_once()

    found = open_rows(inputs)
    together = {r["$RequestId"] for r in found if r["$CorrelationId"] != "c1"}
    alone = {r["$RequestId"] for r in found if r["$CorrelationId"] == "c1"}
    assert together == alone
    assert 5 < len(alone) < 35
    assert {r["$Probability"] for r in found} == {0.5}
    assert all(r["x"] == int(r["$RequestId"][8:]) for r in found if r["$CorrelationId"] != "c1")
    inputs.drain.close()
