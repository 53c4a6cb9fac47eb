import json
import tracemalloc
from typing import Any

import pytest

from modelyard.domain.predictors import Signature, TensorSpec
from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors.from_json import Asked, Form, JsonReader
from modelyard.serving.tensors.numbers import WIDEST, NumberReader

LARGE = 16 * 1024
FRAME = Signature(
    (TensorSpec("age", "INT64", (-1, 1)), TensorSpec("city", "BYTES", (-1, 1))), (), columns=True
)
NUMBERS = Signature(
    tuple(TensorSpec(name, "FP64", (-1, 1)) for name in ("a", "b", "c")), (), columns=True
)
ARRAY = Signature((TensorSpec("input", "FP32", (-1, 3)),), ())
SEVERAL = Signature((TensorSpec("x", "FP32", (-1, 2)), TensorSpec("k", "INT64", (-1,))), ())
IMAGE = Signature((TensorSpec("image", "UINT8", (-1, 2, 2)),), ())
ANYTHING = Signature((TensorSpec("a", "", (-1, 1)), TensorSpec("b", "", (-1, 1))), (), True)


def read(signature: Signature, body: Any, **facts: Any) -> Asked:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return JsonReader(signature, **facts).read(data)


def values(asked: Asked) -> dict[str, Any]:
    return {tensor.name: tensor.nested() for tensor in asked.tensors}


TWO = {"age": [[31], [40]], "city": [["Ulm"], ["Bonn"]]}


@pytest.mark.parametrize(
    ("body", "form"),
    [
        ({"data": [[31, "Ulm"], [40, "Bonn"]]}, Form.METHOD),
        ({"data": [{"city": "Ulm", "age": 31}, {"age": 40, "city": "Bonn"}]}, Form.METHOD),
        ({"columns": ["city", "age"], "data": [["Ulm", 31], ["Bonn", 40]]}, Form.METHOD),
        ({"age": [31, 40], "city": ["Ulm", "Bonn"]}, Form.METHOD),
        (
            {"input_data": {"columns": ["city", "age"], "index": [7, 8],
                            "data": [["Ulm", 31], ["Bonn", 40]]}},
            Form.BARE,
        ),
        ({"input_data": [[31, "Ulm"], [40, "Bonn"]]}, Form.BARE),
        ({"input_data": {"age": [31, 40], "city": ["Ulm", "Bonn"]}}, Form.BARE),
        ({"input_data": {"age": {"0": 31, "1": 40},
                         "city": {"0": "Ulm", "1": "Bonn"}}}, Form.BARE),
        ({"dataframe_split": {"columns": ["city", "age"], "data": [["Ulm", 31], ["Bonn", 40]]}},
         Form.PREDICTIONS),
        ({"dataframe_records": [{"city": "Ulm", "age": 31.0}, {"age": 40, "city": "Bonn"}]},
         Form.PREDICTIONS),
        ({"instances": [{"city": "Ulm", "age": 31}, {"age": 40, "city": "Bonn"}]},
         Form.PREDICTIONS),
        ({"inputs": {"age": [[31], [40]], "city": ["Ulm", "Bonn"]}}, Form.PREDICTIONS),
        ({"Inputs": {"data": [{"city": "Ulm", "age": 31}, {"age": 40, "city": "Bonn"}]},
          "GlobalParameters": {"method": "predict"}}, Form.RESULTS),
        ([[31, "Ulm"], [40, "Bonn"]], Form.BARE),
    ],
)  # fmt: skip
def test_a_data_frame_is_read_from_every_shape_of_json(body: Any, form: Form) -> None:
    asked = read(FRAME, body)

    assert values(asked) == TWO
    assert [tensor.datatype for tensor in asked.tensors] == ["INT64", "BYTES"]
    assert asked.form is form


@pytest.mark.parametrize(
    ("signature", "body", "status", "field", "words"),
    [
        (FRAME, {"data": [[31, "Ulm"], [40, 7]]}, 422, "data[1][1]", "takes texts"),
        (FRAME, {"data": [[31.5, "Ulm"]]}, 422, "data[0][0]", "whole numbers"),
        (FRAME, {"data": [[None, "Ulm"]]}, 422, "data[0][0]", "null"),
        (FRAME, {"data": [[31, None]]}, 422, "data[0][1]", "null"),
        (FRAME, {"data": [[2**70, "Ulm"]]}, 422, "data[0][0]", "to 9223372036854775807"),
        (FRAME, {"data": [[31, "Ulm"], [40]]}, 422, "data[1]", "has 1 value"),
        (FRAME, {"data": [31, "Ulm"]}, 422, "data[0]", "Put the row in a list"),
        (FRAME, {"data": []}, 422, "data", "no rows"),
        (FRAME, {"data": "31"}, 422, "data", "is a text"),
        (FRAME, {"data": [{"age": 31}]}, 422, "data[0]", "lacks the column 'city'"),
        (FRAME, {"data": [{"age": 31, "city": "Ulm", "zip": 1}]}, 422, "data[0]", "'zip'"),
        (FRAME, {"data": [{"age": "31", "city": "Ulm"}]}, 422, "data[0].age", "is a text"),
        (FRAME, {"age": [1, 2], "city": ["Ulm"]}, 422, "city", "has 1 value"),
        (FRAME, {"age": [1]}, 422, "", "lacks the column 'city'"),
        (
            FRAME, {"input_data": {"columns": ["age", "town"], "data": [[1, "Ulm"]]}},
            422, "input_data.columns", "unknown column 'town'",
        ),
        (
            FRAME, {"input_data": {"columns": ["age", "city", "age"], "data": [[1, "Ulm", 1]]}},
            422, "input_data.columns", "twice the column 'age'",
        ),
        (
            FRAME, {"input_data": {"columns": ["age", "city"], "index": [], "data": [[1, "Ulm"]]}},
            422, "input_data.index", "0 entries for 1 rows",
        ),
        (NUMBERS, {"data": [[1, 2, 3], [1, True, 3]]}, 422, "data[1][1]", "is true"),
        (NUMBERS, {"data": [[1, 2, "3"]]}, 422, "data[0][2]", "is a text"),
        (ARRAY, {"data": [[1, 2]]}, 422, "data[0]", "has 2 values, the model takes 3"),
        (ARRAY, {"data": [[1, 2, 3], [1, 2]]}, 422, "data[1]", "data[0] has 3"),
        (ARRAY, {"data": [[1, 2, 3], 4]}, 422, "data[1]", "not a list"),
        (ARRAY, {"data": [1, 2, 3]}, 422, "data", "Put the row in a list"),
        (ARRAY, {"data": [{"a": 1}]}, 422, "data[0]", "no names of columns"),
        (ARRAY, {"inputs": {"other": [[1, 2, 3]]}}, 422, "inputs", "unknown input 'other'"),
        (IMAGE, {"data": [[[0, 1], [2, 256]]]}, 422, "data[0][1][1]", "0 to 255"),
        (SEVERAL, {"data": [[1, 2]]}, 422, "data", "an object with 'x', 'k'"),
        (FRAME, {"data": [[1, "a"]], "method": 3}, 422, "method", "not a text"),
        (FRAME, {"dataframe_split": {"columns": 1, "data": []}}, 422, "dataframe_split.columns",
         "not a list of names"),
        (FRAME, {"data": [[1, "a"]], "params": {"t": 1}}, 422, "params.t", "is unknown"),
        (FRAME, {"rows": [[1, "a"]]}, 422, "", "has the keys 'rows'"),
        (ARRAY, {"data": [[1, 2, 3]], "methd": "predict"}, 422, "", "unknown key 'methd' beside"),
        (ANYTHING, {"a": [1, "x"], "b": [1, 2]}, 422, "a[1]", "of other kind"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_path(
    signature: Signature, body: Any, status: int, field: str, words: str
) -> None:
    with pytest.raises(Refusal) as refused:
        read(signature, body)

    assert refused.value.status == status
    assert refused.value.details is not None
    assert refused.value.details["field"] == field
    assert words in refused.value.message


@pytest.mark.parametrize("body", [b"", b"{", b'"text"', b"\xff\xfe", b"[" * 100_000, b"7"])
def test_a_body_that_is_no_json_of_rows_is_a_400(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        read(FRAME, body)

    assert refused.value.status == 400


def test_missing_numbers_are_nan_and_python_s_own_words_for_them_are_taken() -> None:
    asked = read(NUMBERS, b'{"data": [[1, null, NaN], [Infinity, 2, 3]]}')

    assert str(values(asked)) == "{'a': [[1.0], [inf]], 'b': [[nan], [2.0]], 'c': [[nan], [3.0]]}"


def test_a_missing_text_is_taken_where_the_worker_knows_of_it() -> None:
    asked = read(FRAME, {"data": [[31, None]]}, missing=True)

    assert values(asked)["city"] == [[None]]


def test_the_datatype_comes_from_the_values_where_the_model_told_none() -> None:
    body = {"data": [[1, "x"], [2.5, "y"]]}

    asked = read(ANYTHING, body)

    assert [tensor.datatype for tensor in asked.tensors] == ["FP64", "BYTES"]


def test_several_inputs_come_by_name() -> None:
    asked = read(SEVERAL, {"inputs": {"k": [7, 8], "x": [[1, 2], [3, 4]]}})

    assert values(asked) == {"x": [[1.0, 2.0], [3.0, 4.0]], "k": [7, 8]}


def test_an_image_keeps_its_dimensions() -> None:
    asked = read(IMAGE, {"data": [[[0, 1], [2, 255]]]})

    assert asked.tensors[0].shape == (1, 2, 2)
    assert values(asked) == {"image": [[[0, 1], [2, 255]]]}


def test_tensorflow_s_columnar_form_is_known_where_it_is_tensorflow() -> None:
    body = {"inputs": [[1, 2, 3]]}

    assert read(ARRAY, body, columnar=True).form is Form.OUTPUTS
    assert read(ARRAY, body).form is Form.PREDICTIONS


@pytest.mark.parametrize("rows", [2, 2000])
@pytest.mark.parametrize("key", ["data", "input_data", "instances", "inputs"])
def test_rows_of_numbers_take_the_quick_way_small_or_large(rows: int, key: str) -> None:
    numbers = [[row / 3, row, -1e300] for row in range(rows)]
    body = json.dumps({key: numbers}).encode()

    asked = read(NUMBERS, body)

    assert (len(body) > LARGE) is (rows > 2)
    assert len(asked.tensors) == 1
    assert asked.tensors[0].nested() == numbers


def outcome(body: str) -> str:
    """The last value of the third column, or the status of the refusal."""
    try:
        asked = read(NUMBERS, body.encode())
    except Refusal as refusal:
        return f"refused with {refusal.status}"
    last = asked.tensors[-1].nested()[-1]
    return str(last[-1])


def test_rows_of_different_lengths_are_refused_although_their_numbers_would_fit() -> None:
    rows = [[1.0, 2.0, 3.0]] * 4000

    with pytest.raises(Refusal, match=r"data\[4000\] has 2 values"):
        read(NUMBERS, {"data": [*rows, [1.0, 2.0], [1.0, 2.0, 3.0, 4.0]]})


def test_brackets_within_a_text_are_no_rows() -> None:
    rows = ", ".join(["[1, 2, 3]"] * 4000)
    body = f'{{"method": "{"[,,]" * 9}", "data": [{rows}]}}'

    asked = read(NUMBERS, body.encode())

    assert asked.method == "[,,]" * 9
    assert asked.tensors[0].shape[0] == 4000


@pytest.mark.parametrize(
    "odd", ["null", '"x"', "true", "[1]", "1,2", "{}", "1e999", "-0.0", "1e5"]
)
def test_large_bodies_have_the_same_fate_as_small_ones(odd: str) -> None:
    small = f'{{"data": [[1,2,{odd}]]}}'
    large = f'{{"data": [{"[1,2,3]," * 4000}[1,2,{odd}]]}}'

    assert outcome(large) == outcome(small)


@pytest.mark.parametrize("count", [2, LARGE])
def test_a_mark_of_byte_order_has_the_same_fate_before_few_and_many(count: int) -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"data": [[1, 2, 3]] * count}).encode()

    with pytest.raises(Refusal) as caught:
        read(ARRAY, body)

    assert caught.value.status == 400


@pytest.mark.parametrize("rows", [1, LARGE])
def test_a_second_key_is_refused_although_nothing_is_under_it(rows: int) -> None:
    with pytest.raises(Refusal, match="the keys 'data', 'input_data'"):
        read(ARRAY, {"data": [[1, 2, 3]] * rows, "input_data": []})


def test_many_numbers_that_are_no_rows_take_no_more_memory_than_their_body() -> None:
    wide = NumberReader(WIDEST)
    body = json.dumps({"data": [1] * LARGE}).encode()

    tracemalloc.start()
    try:
        found = wide.read(body)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found is None
    assert most < 20 * len(body)
