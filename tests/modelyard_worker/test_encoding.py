"""Results of numpy and of things that look like it, without a worker around them."""

import datetime
import enum
import json

import numpy as np
import pytest

from modelyard_worker import encoding
from modelyard_worker.encoding import encode_json
from modelyard_worker.errors import BadOutput


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array([[1.5, np.nan], [np.inf, 2]]), [[1.5, None], [None, 2.0]]),
        (np.array(["POSITIVE", 0.95]), ["POSITIVE", "0.95"]),
        (np.float32(1.5), 1.5),
        (np.float64("nan"), None),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array(7), 7),
        ({"a": [np.int8(1), np.array([2])]}, {"a": [1, [2]]}),
        ({np.int64(1): np.float64("inf")}, {"1": None}),
        (np.array(["2019-01-02T03:04:05", "NaT"], "datetime64[ns]"),
         ["2019-01-02T03:04:05.000000000", None]),
        (np.datetime64("2019-01-02"), "2019-01-02"),
        (np.array([90, "NaT"], "timedelta64[s]"), [90.0, None]),
        (np.array([(1, 2.5)], dtype=[("a", int), ("b", float)]), [[1, 2.5]]),
        (np.array([b"ab"], dtype=object), ["ab"]),
        (Colour.RED, "red"),
        ({Colour.RED: 1}, {"red": 1}),
        (datetime.datetime(2019, 1, 2, tzinfo=datetime.UTC), "2019-01-02T00:00:00+00:00"),
    ],
)  # fmt: skip
def test_arrays_and_scalars_become_plain_json(value, expected):
    assert json.loads(encode_json(value)) == expected


def test_a_masked_value_is_null():
    masked = np.ma.array([1, 2], mask=[False, True])

    assert json.loads(encode_json(masked)) == [1, None]


class Frame:
    """What a data frame offers."""

    columns = ("a",)

    def to_dict(self, orient):
        assert orient == "records"
        return [{"a": np.int64(1)}]


class Tensor:
    def tolist(self):
        return [1.0, float("nan")]


class Record:
    def model_dump(self):
        return {"a": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Frame(), [{"a": 1}]), (Tensor(), [1.0, None]), (Record(), {"a": 1})],
)
def test_frames_tensors_and_records_are_told_by_what_they_can_do(value, expected):
    assert json.loads(encode_json(value)) == expected


@pytest.mark.parametrize("value", [object(), lambda: 1, 1j, {"a": [object()]}])
def test_what_has_no_json_form_is_refused_by_name(value):
    with pytest.raises(BadOutput, match="has no JSON form"):
        encode_json(value)


def test_a_class_instead_of_a_value_is_refused():
    with pytest.raises(BadOutput, match="returned the class Frame"):
        encode_json([Frame])


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([1, -2.5, 1e300, True, None, 'ä\u2028"\\'], id="a list"),
        pytest.param({"a": {"b": [[], {}, ""]}, "1": 2}, id="an object"),
        pytest.param("only a text", id="a text"),
        pytest.param(0.1, id="a number"),
    ],
)
def test_plain_values_are_written_as_the_standard_library_writes_them(value):
    assert encode_json(value) == json.dumps(value).encode()


def test_without_jsons_part_in_c_the_same_is_written(monkeypatch):
    value = {"a": [1.5, "ö", np.int64(3), None]}
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    monkeypatch.setattr(encoding, "_fast", encoding._made_once())

    assert encode_json(value) == b'{"a": [1.5, "\\u00f6", 3, null]}'


@pytest.mark.parametrize("depth", [5_000, 200_000])
def test_what_no_json_can_hold_is_refused_by_name(depth):
    deep = []
    for _ in range(depth):
        deep = [deep]

    with pytest.raises(BadOutput, match="nested too deeply"):
        encode_json(deep)
