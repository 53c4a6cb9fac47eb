"""Batches of scripts decorated with Microsoft's own inference-schema."""

import pytest

from tests.modelyard_worker.test_batching import ask, start
from tests.modelyard_worker.test_inference_schema import environment

pytestmark = pytest.mark.slow
__all__ = ["environment"]

HEAD = """
import datetime
import numpy as np, pandas as pd
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

calls = []
"""

ARRAYS = (
    HEAD
    + """
@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
@output_schema(NumpyParameterType(np.array([1.0])))
def run(data):
    calls.append(data.shape)
    if data[0, 0] == -9:
        return ["%s %s" % shape for shape in calls][-len(data):]
    return data.sum(axis=1)
"""
)

FRAMES = (
    HEAD
    + """
sample = pd.DataFrame({"age": [30, 31], "rooms": [2.0, 3.5], "city": ["Ulm", "Bonn"]})

@input_schema("data", PandasParameterType(sample))
@input_schema("method", StandardPythonParameterType("predict"))
def run(data, method="predict"):
    assert list(data.index) == list(range(len(data)))
    data["score"] = data["age"] * data["rooms"]
    data["method"] = method + " of %d" % len(data) * (method == "count")
    return {"result": data["score"], "rows": data}
"""
)

NESTED = (
    HEAD
    + """
inner = StandardPythonParameterType({
    "frame": PandasParameterType(pd.DataFrame({"age": [30]})),
    "more": NumpyParameterType(np.array([1.0])),
    "day": StandardPythonParameterType(datetime.date(2019, 1, 2)),
})

@input_schema("inputs", inner)
def run(inputs):
    return (inputs["frame"]["age"] * inputs["more"] + inputs["day"].year).tolist()
"""
)

RANKS = ARRAYS.replace("data.sum(axis=1)", "data.sum(axis=1) - data.mean()")


def test_arrays_are_joined_after_each_was_checked(launch, environment):
    worker, verdict = start(launch, ARRAYS, environment)

    answers = ask(
        worker,
        {"data": [[1, 2]]},
        {"data": [[1, 2, 3]]},
        {"data": [[3, 4], [5, 6]]},
        {"data": "x"},
        {},
    )

    assert verdict == {"on": True, "why": ""}
    assert answers[0] == (200, [3.0])
    assert answers[2] == (200, [7.0, 11.0])
    assert [status for status, _ in answers[1::2]] == [400, 400]
    assert answers[1][1]["field"] == "data[0]"
    assert answers[4][0] == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"data": [[1, 2, 3]]}, "data[0]", id="a row that is too wide"),
        pytest.param({"data": [[1, 2], [1, "x"]]}, "data[1][1]", id="a value of another type"),
        pytest.param({"data": "x"}, "data", id="no rows at all"),
        pytest.param({}, "data", id="nothing"),
    ],
)
def test_what_is_wrong_is_said_alike_alone_and_in_a_batch(launch, environment, body, field):
    worker, _ = start(launch, ARRAYS, environment)

    alone = worker.score(body).json
    in_a_batch = ask(worker, {"data": [[1, 2]]}, body, {"data": [[3, 4]]})[1][1]

    assert alone["field"] == in_a_batch["field"] == field
    assert alone["message"] == in_a_batch["message"]


def test_arrays_of_a_batch_come_in_one_call(launch, environment):
    worker, _ = start(launch, ARRAYS, environment)

    answers = ask(worker, {"data": [[-9, 2]]}, {"data": [[3, 4], [5, 6]]})

    assert answers[0][1] == ["3 2"] or answers[1][1][-1] == "3 2"


def test_frames_are_joined_by_columns_of_any_order(launch, environment):
    worker, verdict = start(launch, FRAMES, environment)
    row = {"age": 10, "rooms": 2.0, "city": "Köln"}

    answers = ask(
        worker,
        {"data": [row]},
        {"data": [{"city": "Ulm", "age": 3, "rooms": 1.5}]},
        {"data": [{"city": "Ulm", "age": 3}]},
        {"data": [row], "method": "count"},
    )

    assert verdict == {"on": True, "why": ""}
    assert answers[0] == (
        200,
        {"result": [20.0], "rows": [row | {"score": 20.0, "method": "predict"}]},
    )
    assert answers[1][1]["result"] == [4.5]
    assert answers[2][0] == 400
    assert "'rooms' is missing" in answers[2][1]["message"]
    assert answers[3][1]["rows"][0]["method"] == "count of 1"


def test_nested_parameters_are_joined(launch, environment):
    worker, verdict = start(launch, NESTED, environment)

    def body(age, more, day="2020-01-01"):
        return {"inputs": {"frame": [{"age": age}], "more": [more], "day": day}}

    answers = ask(worker, body(1, 2.0), body(3, 4.0), body(1, 1.0, "2000-01-01"))

    assert verdict == {"on": True, "why": ""}
    assert answers == [(200, [2022.0]), (200, [2032.0]), (200, [2001.0])]


def test_rows_that_look_at_one_another_are_found_out_by_one_sample_row(launch, environment):
    worker, verdict = start(launch, RANKS, environment)

    assert verdict["on"] is False
    assert "alone and" in verdict["why"]
    assert f"Batching is off: {verdict['why']}." in worker.log
