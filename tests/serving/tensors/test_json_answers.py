import json
from math import inf, nan
from typing import Any

import pytest

from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors.from_json import Form
from modelyard.serving.tensors.tensor import BadData, Tensor, pack, parted
from modelyard.serving.tensors.to_json import rendered


def tensor(name: str, datatype: str, shape: tuple[int, ...], *values: Any) -> Tensor:
    return Tensor(name, datatype, shape, pack(datatype, values))


ONE = [tensor("predict", "FP64", (2,), 1.5, nan)]
TWO = [tensor("label", "BYTES", (2,), "a", None), tensor("p", "FP32", (2, 2), 0.5, 0.25, inf, 1)]


@pytest.mark.parametrize(
    ("tensors", "form", "answer"),
    [
        (ONE, Form.METHOD, {"predict": [1.5, None]}),
        (ONE, Form.BARE, [1.5, None]),
        (ONE, Form.PREDICTIONS, {"predictions": [1.5, None]}),
        (ONE, Form.RESULTS, {"Results": [1.5, None]}),
        (ONE, Form.OUTPUTS, {"outputs": [1.5, None]}),
        (TWO, Form.BARE, [{"label": "a", "p": [0.5, 0.25]}, {"label": None, "p": [None, 1.0]}]),
        (TWO, Form.OUTPUTS, {"outputs": {"label": ["a", None], "p": [[0.5, 0.25], [None, 1.0]]}}),
    ],
)
def test_an_answer_has_the_shape_of_its_request(
    tensors: list[Tensor], form: Form, answer: Any
) -> None:
    assert json.loads(rendered(tensors, form, "predict", "null")) == answer


def test_nan_is_an_error_where_the_service_says_so() -> None:
    with pytest.raises(Refusal) as refused:
        rendered(ONE, Form.METHOD, "predict", "error")

    assert refused.value.status == 500
    assert "Value 1 of the output 'predict' is nan" in refused.value.message


@pytest.mark.parametrize(
    "head",
    [["x", "FP64", [2], 8], ["x", "BYTES", [1], 8], ["x", "BYTES", [1], 3], ["x", "FP64", [1], 9]],
)
def test_torn_tensors_of_a_worker_are_found(head: list[Any]) -> None:
    with pytest.raises(BadData):
        parted([head], b"\x09\0\0\0abcd")[0].values()
