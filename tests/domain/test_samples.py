from typing import Any

import pytest

from modelyard.domain.errors import BadInput
from modelyard.domain.samples import ARRAY, checked, fitting, is_frame, rows_of, size_of, tensor


def column(rows: int, name: str = "x", text: str = "") -> Any:
    values = [text] * rows if text else [float(i) for i in range(rows)]
    return tensor(name, "BYTES" if text else "FP64", [rows, 1], values)


def test_the_first_rows_are_kept() -> None:
    array = tensor(ARRAY, "INT64", [300, 2], list(range(600)))

    (cut,) = fitting([array])

    assert cut["shape"] == [100, 2]
    assert cut["data"] == list(range(200))


def test_as_many_rows_are_kept_as_there_are_bytes_for() -> None:
    kept = fitting([column(100, text="x" * 50_000)])

    assert 0 < rows_of(kept) < 100
    assert size_of(kept) <= 1_000_000


def test_of_rows_that_are_too_large_none_is_kept() -> None:
    assert fitting([column(3, text="x" * 2_000_000)]) == ()


def test_what_json_lacks_is_missing() -> None:
    assert tensor("x", "FP64", [3, 1], [1.5, float("nan"), float("inf")])["data"] == [
        1.5,
        None,
        None,
    ]


def test_named_columns_are_a_frame_and_an_array_is_none() -> None:
    assert is_frame([column(2), column(2, "y")])
    assert not is_frame([tensor(ARRAY, "FP64", [2, 1], [1.0, 2.0])])
    assert not is_frame([tensor("x", "FP64", [2, 2], [1.0, 2.0, 3.0, 4.0])])
    assert not is_frame([])


RIGHT = {"name": "x", "datatype": "FP64", "shape": [2, 1], "data": [1.0, None]}


def test_a_right_sample_passes() -> None:
    assert checked([RIGHT], "sample_input") == (RIGHT,)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "has no name"),
        ({"datatype": "FLOAT"}, "one of the datatypes BOOL"),
        ({"shape": []}, "sizes above 0"),
        ({"shape": [2, -1]}, "sizes above 0"),
        ({"shape": [3, 1]}, "must have 3 values"),
        ({"data": [[1.0], [2.0]]}, "a value of 'x' is no FP64"),
        ({"data": ["a", "b"]}, "a value of 'x' is no FP64"),
        ({"datatype": "INT64", "data": [1, True]}, "a value of 'x' is no INT64"),
        ({"shape": [101, 1], "data": [0.0] * 101}, "more than 100 rows"),
    ],
)
def test_a_wrong_sample_is_refused_naming_the_tensor(change: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says) as raised:
        checked([{**RIGHT, **change}], "sample_input")

    assert raised.value.details["field"] == "sample_input"


def test_tensors_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(BadInput, match="the same name"):
        checked([RIGHT, RIGHT], "sample_input")
    with pytest.raises(BadInput, match="different numbers of rows"):
        checked([column(2), column(3, "y")], "sample_input")
