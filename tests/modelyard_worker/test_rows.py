"""Values joined by rows and parted again; numpy and pandas from the tests' own environment."""

import json

import numpy as np
import pandas as pd
import pytest

from modelyard_worker import rows
from modelyard_worker.rows import Unmergeable, form_of, join, part

FRAME = pd.DataFrame({"age": [30, 40], "city": ["Ulm", "Bonn"]})


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        pytest.param([[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]], True, id="rows of one width"),
        pytest.param([[1.0, 2.0]], [[3.0]], False, id="rows of another width"),
        pytest.param([[1]], [[1.5]], False, id="an array of ints beside one of floats"),
        pytest.param([[1, 2.5]], [[0.5, 1.5]], True, id="numpy makes floats of both"),
        pytest.param([["a"]], [[1]], False, id="texts beside numbers"),
        pytest.param([[1.0]], [[None]], False, id="null beside numbers"),
        pytest.param([{"a": 1, "b": 2}], [{"a": 3, "b": 4}], True, id="objects of the same names"),
        pytest.param([{"a": 1, "b": 2}], [{"b": 3, "a": 4}], False, id="names in another order"),
        pytest.param([{"a": 1}], [{"b": 1}], False, id="other names"),
        pytest.param({"data": [1], "m": "x"}, {"data": [2], "m": "x"}, True, id="one constant"),
        pytest.param({"data": [1], "m": "x"}, {"data": [2], "m": "y"}, False, id="two constants"),
        pytest.param({"data": [1], "m": 1}, {"data": [2], "m": True}, False, id="1 is not true"),
        pytest.param(np.zeros((1, 2)), np.ones((5, 2)), True, id="arrays"),
        pytest.param(np.zeros((1, 2)), np.ones((5, 3)), False, id="arrays of other shapes"),
        pytest.param(np.zeros(1), np.zeros(1, int), False, id="arrays of other types"),
        pytest.param(FRAME, FRAME.iloc[:1], True, id="frames"),
        pytest.param(FRAME, FRAME[["city", "age"]], False, id="columns in another order"),
        pytest.param(FRAME["age"], FRAME["age"].iloc[:1], True, id="series"),
    ],
)
def test_only_what_would_become_the_same_is_of_one_form(first, second, equal):
    assert (form_of(first).key == form_of(second).key) is equal


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([], id="no rows"),
        pytest.param([[1], {"a": 1}], id="rows of two kinds"),
        pytest.param([{"a": 1}, {"b": 1}], id="rows with other names"),
        pytest.param({"a": [1], "b": [1, 2]}, id="lists of other lengths"),
        pytest.param(FRAME.set_index("city"), id="named rows"),
        pytest.param(object(), id="anything else"),
    ],
)
def test_what_cannot_be_joined_says_so(value):
    with pytest.raises(Unmergeable):
        form_of(value)


def test_columns_of_a_frame_in_the_form_split_are_no_rows():
    value = {"columns": ["a", "b"], "index": [0, 1], "data": [[1, 2], [3, 4]]}

    joined = join([value, value])

    assert form_of(value).rows == 2
    assert rows.first_row(value)["columns"] == ["a", "b"]
    assert joined["data"] == [[1, 2], [3, 4], [1, 2], [3, 4]]


@pytest.mark.parametrize(
    "result",
    [
        pytest.param([1, 2, 3], id="list"),
        pytest.param([[1], [2], [3]], id="rows"),
        pytest.param({"labels": ["a", "b", "c"], "scores": [0.1, 0.2, 0.3]}, id="dict of lists"),
        pytest.param(json.dumps([1.5, 2.5, 3.5]), id="JSON text of a list"),
        pytest.param(json.dumps({"result": [1, 2, 3]}), id="JSON text of a dict"),
        pytest.param('{"result":[1,2,3]}', id="JSON text without spaces"),
    ],
)
def test_a_result_is_parted_in_its_own_form(result):
    first, second = part(result, [1, 2])

    assert type(first) is type(result)
    assert _joined(first, second) == result


def _joined(first, second):
    if isinstance(first, str):
        separators = None if ": " in first or ", " in second else (",", ":")
        both = _joined(json.loads(first), json.loads(second))
        return json.dumps(both, separators=separators)
    if isinstance(first, dict):
        return {name: first[name] + second[name] for name in first}
    return first + second


def test_arrays_frames_and_series_are_parted_by_rows():
    frame = pd.DataFrame({"a": [1, 2, 3]})

    arrays = part(np.arange(6).reshape(3, 2), [1, 2])
    frames = part(frame, [1, 2])
    series = part(frame["a"], [1, 2])

    assert [array.tolist() for array in arrays] == [[[0, 1]], [[2, 3], [4, 5]]]
    pd.testing.assert_frame_equal(frames[1], pd.DataFrame({"a": [2, 3]}))
    pd.testing.assert_series_equal(series[1], pd.Series([2, 3], name="a"))


@pytest.mark.parametrize(
    ("result", "why"),
    [
        ([1, 2], "has 2 rows for 3"),
        ({"a": [1, 2, 3], "n": 3}, "'n' of run()'s result is a int"),
        ("three", "is a text"),
        (3.5, "is a float"),
        (np.float64(3), "is a float64"),
        ({}, "empty dict"),
        ((row for row in "abc"), "is a generator"),
    ],
)
def test_a_result_that_is_not_one_row_for_each_says_what_is_wrong(result, why):
    with pytest.raises(Unmergeable) as error:
        part(result, [1, 2])

    assert why in str(error.value)
