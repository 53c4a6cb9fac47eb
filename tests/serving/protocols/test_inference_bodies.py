"""Bodies of /infer whose numbers are many: read in another way, with the same outcome."""

import json
import time
from typing import Any

import pytest

from modelyard.serving.protocols.v2_body import LONG
from modelyard.serving.protocols.v2_request import Inference, read
from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors.tensor import pack

FEW, MANY = 4, 20_000


def tensor(count: int, datatype: str = "FP64", **more: Any) -> dict[str, Any]:
    data = [n if datatype == "INT64" else n + 0.5 for n in range(count)]
    return {"name": "x", "shape": [count], "datatype": datatype, "data": data, **more}


def asked(*inputs: Any, **more: Any) -> Inference:
    return read(json.dumps({"inputs": inputs, **more}).encode(), None, missing=False)


@pytest.mark.parametrize("datatype", ["FP64", "FP32", "INT64", "INT32", "FP16"])
@pytest.mark.parametrize("count", [FEW, MANY])
def test_numbers_arrive_in_their_type(count: int, datatype: str) -> None:
    values = [n % 1000 for n in range(count)]

    (found,) = asked({**tensor(count, datatype), "data": values}).tensors

    assert (found.datatype, found.shape) == (datatype, (count,))
    assert bytes(found.data) == pack(datatype, values)


def test_several_inputs_keep_their_own_numbers() -> None:
    second = {**tensor(MANY, "INT64"), "name": "y"}
    third = {**tensor(3), "name": "z"}

    found = asked(tensor(MANY), second, third, id="a", parameters={"method": "predict"})

    assert [t.name for t in found.tensors] == ["x", "y", "z"]
    assert found.tensors[0].values()[-1] == MANY - 0.5
    assert found.tensors[1].values()[-1] == MANY - 1
    assert found.tensors[2].values() == [0.5, 1.5, 2.5]
    assert (found.id, found.method) == ("a", "predict")


def test_rows_in_lists_are_taken_as_well() -> None:
    rows = [[1.0, 2.0]] * MANY

    (found,) = asked({**tensor(1), "shape": [MANY, 2], "data": rows}).tensors

    assert found.nested() == rows


def test_data_elsewhere_is_no_input() -> None:
    numbers = list(range(MANY))

    found = asked(tensor(2, parameters={"data": numbers}), parameters={"data": numbers})

    assert found.tensors[0].values() == [0.5, 1.5]


ODD = ["null", '"x"', "true", "[1]", "{}", "1e999", "NaN", "1 2", "", "]"]


@pytest.mark.parametrize("datatype", ["FP64", "FP32", "INT64"])
@pytest.mark.parametrize("odd", ODD)
def test_many_numbers_have_the_same_fate_as_few(odd: str, datatype: str) -> None:
    assert outcome(MANY, odd, datatype) == outcome(FEW, odd, datatype)


@pytest.mark.parametrize("more", [-1, 1])
def test_a_shape_that_lies_is_refused_whatever_its_size(more: int) -> None:
    for count in (FEW, MANY):
        with pytest.raises(Refusal, match=f"has {count} values") as caught:
            asked({**tensor(count), "shape": [count + more]})

        assert caught.value.details["field"] == "inputs[0].data"


def test_a_shape_without_end_is_refused_at_once() -> None:
    before = time.process_time()

    with pytest.raises(Refusal, match="has 100000 dimensions"):
        asked({**tensor(MANY), "shape": [2**62] * 100_000})

    assert time.process_time() - before < 5  # their product takes minutes


def outcome(count: int, odd: str, datatype: str) -> str:
    """The odd value behind ``count`` numbers, or the status of the refusal."""
    numbers = "".join(f"{n}, " for n in range(count))
    head = f'"name": "x", "shape": [{count + 2}], "datatype": "{datatype}"'
    body = f'{{"inputs": [{{{head}, "data": [{numbers}{odd}, 7]}}]}}'.encode()
    assert (len(body) >= LONG) is (count == MANY)
    try:
        (found,) = read(body, None, missing=False).tensors
    except Refusal as refusal:
        return f"refused with {refusal.status}"
    return str(found.values()[-2])
