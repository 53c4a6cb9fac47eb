import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from modelyard.domain.predictors import TensorSpec
from modelyard.serving.protocols.script_bodies import body_of, tensors_of
from modelyard.serving.protocols.script_types import types_of
from modelyard.serving.tensors import arrow
from modelyard.serving.tensors.tensor import Tensor, pack
from tests.serving.fronts import Front

SUM = """
import json
def init(): pass
def run(raw_data):
    rows = json.loads(raw_data)["data"]
    return [sum(row.values()) if isinstance(row, dict) else sum(row) for row in rows]
"""
RAW = """
from azureml.contrib.services.aml_request import rawhttp
def init(): pass
@rawhttp
def run(request):
    return {"bytes": len(request.get_data())}
"""
STREAM = "application/vnd.apache.arrow.stream"
NUMBERS = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
DECORATED = {
    "decorated": True,
    "parameters": ["data", "people", "k"],
    "input_schema": {
        "3.1": {
            "type": "object",
            "properties": {
                "data": {**NUMBERS, "format": "numpy.ndarray"},
                "people": {
                    "type": "array",
                    "format": "pandas.DataFrame:records",
                    "items": {
                        "type": "object",
                        "properties": {"age": {"type": "integer", "format": "int64"},
                                       "city": {"type": "string"}},
                    },
                },
                "k": {"type": "integer", "format": "int32"},
            },
        }
    },
    "output_schema": {"3.1": {"type": "array", "items": {"type": "number", "format": "double"}}},
}  # fmt: skip


def tensor(name: str, datatype: str, shape: tuple[int, ...], *values: Any) -> Tensor:
    return Tensor(name, datatype, shape, pack(datatype, values))


def test_a_decorated_script_is_typed_by_its_schema() -> None:
    types = types_of(DECORATED)

    assert types.inputs == (
        TensorSpec("data", "FP64", (-1, -1)),
        TensorSpec("people.age", "INT64", (-1, 1)),
        TensorSpec("people.city", "BYTES", (-1, 1)),
        TensorSpec("k", "INT32", (1,)),
    )
    assert types.outputs == (TensorSpec("output", "FP64", (-1,)),)


def test_tensors_become_the_arguments_of_a_decorated_run() -> None:
    tensors = [
        tensor("k", "INT32", (1,), 7),
        tensor("data", "FP64", (1, 2), 1, 2),
        tensor("people.city", "BYTES", (2,), "Ulm", "Bonn"),
        tensor("people.age", "INT64", (2,), 31, 40),
    ]

    body = json.loads(body_of(tensors, types_of(DECORATED), "inputs"))

    assert body == {
        "data": [[1.0, 2.0]],
        "people": [{"age": 31, "city": "Ulm"}, {"age": 40, "city": "Bonn"}],
        "k": 7,
    }


@pytest.mark.parametrize(
    ("tensors", "body"),
    [
        ([tensor("raw", "BYTES", (1,), '{"data": 1}')], {"data": 1}),
        ([tensor("x", "FP64", (1, 2), 1, 2)], {"data": [[1.0, 2.0]]}),
        ([tensor("x", "INT64", (1,), 1), tensor("y", "BYTES", (1,), "a")], {"x": [1], "y": ["a"]}),
    ],
)
def test_tensors_become_the_body_of_a_plain_run(tensors: list[Tensor], body: Any) -> None:
    assert json.loads(body_of(tensors, types_of({"parameters": ["raw"]}), "inputs")) == body


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ([1, 2], {"output": [1, 2]}),
        ([[1.5], [2]], {"output": [[1.5], [2.0]]}),
        ("[1, 2]", {"output": [1, 2]}),
        ("a word", {"output": ["a word"]}),
        ({"a": [1, 2], "b": "x"}, {"a": [1, 2], "b": ["x"]}),
        ([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], {"a": [1, 2], "b": ["x", "y"]}),
        ([1, "x"], {"output": ['[1,"x"]']}),
        ([[1], [1, 2]], {"output": ["[[1],[1,2]]"]}),
        ({}, {"output": ["{}"]}),
        (True, {"output": [True]}),
    ],
)
def test_a_script_s_answer_becomes_tensors(answer: Any, found: dict[str, Any]) -> None:
    tensors = tensors_of(json.dumps(answer).encode())

    assert {each.name: each.nested() for each in tensors} == found


def test_a_script_gets_rows_of_an_array_and_records_of_a_table(
    start: Callable[..., Front],
) -> None:
    front = start(SUM)
    file = io.BytesIO()
    np.save(file, np.array([[1.0, 2.0], [3.0, 4.0]]))
    columns = [tensor("a", "FP64", (2,), 1, 3), tensor("b", "FP64", (2,), 2, 4)]
    table = arrow.written(columns, file=False)

    rows = front.ask(body=file.getvalue(), headers={"content-type": "application/x-npy"})
    records = front.ask(body=table, headers={"content-type": STREAM, "accept": STREAM})
    packed = front.ask(body={"data": [[1, 2]]}, headers={"accept": "application/x-npy"})
    plain = front.ask(body={"data": [[1, 2]]})

    assert rows.json == [3.0, 7.0]
    assert arrow.read(records.body)[0].values() == [3.0, 7.0]
    assert np.load(io.BytesIO(packed.body)).tolist() == [3]
    assert packed.headers["x-ms-run-function-failed"] == "False"
    assert plain.json == [3]


def test_a_script_answers_the_protocol(start: Callable[..., Front]) -> None:
    front = start(SUM)
    given = {"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}

    model = front.ask("GET", "/v2/models/prices").json
    answer = front.ask("POST", "/v2/models/prices/infer", {"inputs": [given]})
    failed = front.ask(
        "POST",
        "/v2/models/prices/infer",
        {"inputs": [{**given, "datatype": "BYTES", "shape": [1], "data": ["{}"]}]},
    )

    assert model["inputs"] == [{"name": "raw_data", "datatype": "BYTES", "shape": [1]}]
    assert model["platform"] == "modelyard_script"
    assert answer.json["outputs"] == [
        {"name": "output", "datatype": "FP64", "shape": [1], "data": [3.0]}
    ]
    assert failed.status == 500
    assert "KeyError" in failed.json["error"]


def test_a_raw_script_gets_its_bytes_as_they_came(start: Callable[..., Front]) -> None:
    front = start(RAW)
    file = io.BytesIO()
    np.save(file, np.zeros(3))

    answer = front.ask(body=file.getvalue(), headers={"content-type": "application/x-npy"})

    assert answer.json == {"bytes": len(file.getvalue())}


def test_a_request_that_comes_before_the_model_is_ready_waits(start: Callable[..., Front]) -> None:
    slow = SUM.replace("def init(): pass", "import time\ndef init(): time.sleep(1)")
    front = start(slow, state="starting")
    given = {"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}

    answer = front.ask("POST", "/v2/models/prices/infer", {"inputs": [given]})

    assert answer.status == 200
