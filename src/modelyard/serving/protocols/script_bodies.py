"""Tensors to the JSON that a script expects, and its JSON answer to tensors."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from modelyard.serving.protocols.script_types import OUTPUT, Parameter, ScriptTypes
from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors.fields import compare, quoted, wrong
from modelyard.serving.tensors.table import fitting, flattened
from modelyard.serving.tensors.tensor import Tensor, pack
from modelyard.serving.tensors.values import guessed, packed

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

DATA = "data"
"""The key under which scripts that read the body themselves look, by Azure's convention."""


def body_of(tensors: Sequence[Tensor], types: ScriptTypes, root: str) -> bytes:
    """The body that run() is called with. Raises the refusal that names what does not fit."""
    if types.body:
        return _plain_body(tensors)
    by_name = {tensor.name: tensor for tensor in tensors}
    compare(root, [tensor.name for tensor in tensors], [spec.name for spec in types.inputs],
            "input")  # fmt: skip
    return _encode({each.name: _argument(each, by_name) for each in types.parameters})


def body_of_array(tensor: Tensor, types: ScriptTypes) -> bytes:
    """The body for a nameless array: rows, or records of the columns that run() knows."""
    if types.body:
        return _encode({DATA: tensor.nested()})
    parameter = _only(types)
    if parameter.kind != "columns":
        return _encode({parameter.name: tensor.nested()})
    names = [spec.name for spec in parameter.specs]
    if len(tensor.shape) != 2 or tensor.shape[1] != len(names):
        raise wrong(
            "array",
            f"has the shape {list(tensor.shape)}; run() takes rows of {len(names)}: "
            f"{quoted(names)}.",
        )
    records = [dict(zip(names, row, strict=True)) for row in tensor.nested()]
    return _encode({parameter.name: records})


def body_of_table(tensors: Sequence[Tensor], types: ScriptTypes) -> bytes:
    """The body for named columns: records, or rows where run() takes an array."""
    names = [tensor.name for tensor in tensors]
    columns = [_column(tensor) for tensor in tensors]
    if not types.body and _only(types).kind in {"array", "value"}:
        rows = [list(row) for row in zip(*columns, strict=True)]
        return _encode({_only(types).name: rows})
    records = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return _encode({DATA if types.body else _only(types).name: records})


def check_filled(tensor: Tensor) -> None:
    """Raises the refusal of an array without a value."""
    if not tensor.count:
        raise wrong(tensor.name or "array", f"has the shape {list(tensor.shape)}: no values.")


def tensors_of(body: bytes) -> list[Tensor]:
    """
    A script's JSON as tensors: lists of one kind, objects and records of such by name, else the
    whole as one text. JSON within a JSON text is opened.
    """
    try:
        value = _decode(body)
        if isinstance(value, str) and value[:1] in {"[", "{"}:
            value = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [_text(bytes(body).decode("utf-8", "replace"))]
    if isinstance(value, str):
        return [_text(value)]
    try:
        return _tensors(value)
    except Refusal:
        return [_text(_encode(value).decode())]


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        names = list(value[0])
        if not names or any(list(row) != names for row in value):
            raise wrong("", "has rows of different columns.")
        return [_tensor(name, [row[name] for row in value]) for name in names]
    if isinstance(value, dict) and value:
        return [_tensor(name, each) for name, each in value.items()]
    return [_tensor(OUTPUT, value)]


def _tensor(name: str, value: Any) -> Tensor:
    shape, values = flattened(value if isinstance(value, list) else [value], name)

    def where(index: int) -> str:
        return f"{name}[{index}]"

    datatype = guessed(values, where)
    data = packed(datatype, values, where, missing=True)
    return Tensor(name, datatype, shape, data)


def _text(text: str) -> Tensor:
    return Tensor(OUTPUT, "BYTES", (1,), pack("BYTES", [text]))


def _plain_body(tensors: Sequence[Tensor]) -> bytes:
    if len(tensors) > 1:
        return _encode({tensor.name: tensor.nested() for tensor in tensors})
    alone = tensors[0]
    if alone.datatype == "BYTES" and alone.count == 1:
        return str(alone.values()[0] or "").encode()
    return _encode({DATA: alone.nested()})


def _argument(parameter: Parameter, by_name: Mapping[str, Tensor]) -> Any:
    given = [by_name[spec.name] for spec in parameter.specs]
    if parameter.kind == "columns":
        for tensor, spec in zip(given, parameter.specs, strict=True):
            fitting(tensor.shape, spec, spec.name)
        names = [spec.name.removeprefix(f"{parameter.name}.") for spec in parameter.specs]
        columns = [tensor.values() for tensor in given]
        if len(set(map(len, columns))) > 1:
            raise wrong(parameter.name, "has columns of different lengths.")
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    alone = given[0]
    if parameter.kind == "value":
        if alone.count != 1:
            raise wrong(parameter.name, f"has {alone.count} values; run() takes one.")
        return alone.values()[0]
    if parameter.kind == "json":
        return _json_value(alone, parameter.name)
    return alone.nested()


def _json_value(tensor: Tensor, name: str) -> Any:
    if tensor.datatype != "BYTES" or tensor.count != 1:
        raise wrong(name, "must be one text that holds JSON.")
    try:
        return _decode(str(tensor.values()[0] or "null"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise wrong(name, f"is no JSON: {error}.") from None


def _column(tensor: Tensor) -> list[Any]:
    if tensor.shape[1:] == (1,):
        return tensor.values()
    nested: list[Any] = tensor.nested()
    return nested


def _only(types: ScriptTypes) -> Parameter:
    if len(types.parameters) != 1:
        names = quoted(parameter.name for parameter in types.parameters)
        message = (
            f"run() takes {names}; a body of one array or table can fill only one. Send JSON."
        )
        raise Refusal(415, "unsupported_media_type", message)
    return types.parameters[0]
