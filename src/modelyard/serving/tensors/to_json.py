"""Tensors to the JSON that a client of Azure, MLflow or TensorFlow Serving expects."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import msgspec

from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors.from_json import Form
from modelyard.serving.tensors.number_texts import FEWEST_BYTES, text_of, value_of
from modelyard.serving.tensors.tensor import Buffer, Shape, Tensor

_encode = msgspec.json.Encoder().encode
_KEYS = {
    Form.BARE: None,
    Form.OUTPUTS: "outputs",
    Form.PREDICTIONS: "predictions",
    Form.RESULTS: "Results",
}


def rendered(tensors: Sequence[Tensor], form: Form, method: str, nan: str) -> bytes:
    """
    The body of the answer. NaN and infinity leave as null; with ``nan`` 'error' they are refused.

    Raises BadData when a worker's tensors are torn.
    """
    if nan == "error":
        check_finite(tensors)
    key = key_of(form, method)
    if len(tensors) == 1 and len(tensors[0].data) >= FEWEST_BYTES:
        text = text_of(*_parts(tensors[0]), *around(key))
        if text is not None:
            return text
    value = _columnar(tensors) if form is Form.OUTPUTS else _by_row(tensors)
    return _encode(value if key is None else {key: value})


def around(key: str | None) -> tuple[bytes, bytes]:
    """What stands before and behind a value under this key."""
    return (b"", b"") if key is None else (b"{%b:" % _encode(key), b"}")


def key_of(form: Form, method: str) -> str | None:
    """Under which key the values stand; None for bare ones."""
    return method if form is Form.METHOD else _KEYS[form]


def check_finite(tensors: Sequence[Tensor]) -> None:
    """Raises the 500 that names the output and its first NaN or infinity."""
    for tensor in tensors:
        if not tensor.datatype.startswith("FP"):
            continue
        values = tensor.values()
        if not all(map(isfinite, values)):
            index = next(i for i, value in enumerate(values) if not isfinite(value))
            raise Refusal(
                500,
                "bad_output",
                f"Value {index} of the output '{tensor.name}' is {values[index]}, which JSON "
                "cannot hold; this service is set to refuse it (nan='error').",
                headers=(("x-ms-run-function-failed", "True"),),
            )


def _by_row(tensors: Sequence[Tensor]) -> Any:
    """One output as it is; several as an object for each row, where they have the same rows."""
    if len(tensors) == 1:
        return tensors[0].nested()
    rows = {tensor.shape[:1] for tensor in tensors}
    if len(rows) != 1 or rows == {()}:
        return {tensor.name: value_of(*_parts(tensor)) for tensor in tensors}
    names = [tensor.name for tensor in tensors]
    columns = [tensor.nested() for tensor in tensors]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _columnar(tensors: Sequence[Tensor]) -> Any:
    if len(tensors) == 1:
        return tensors[0].nested()
    return {tensor.name: value_of(*_parts(tensor)) for tensor in tensors}


def _parts(tensor: Tensor) -> tuple[str, Buffer, Shape]:
    return tensor.datatype, tensor.data, tensor.shape
