"""
Sample rows that are kept with a model, as tensors of the Open Inference Protocol in JSON.

A data frame is one tensor a column, of shape ``[rows, 1]``; an array is one tensor. ``data`` is
flat, row by row; a missing value is None.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite, prod
from typing import Any

from modelyard.domain.errors import BadInput
from modelyard.domain.predictors import DATATYPES

MAX_ROWS = 100
MAX_BYTES = 1_000_000
"""What a model keeps of a sample: this many rows and bytes of JSON, the first ones."""

ARRAY = "input-0"
"""The name of the only tensor of a sample that was an array: it has no column names."""

Tensor = Mapping[str, Any]


def tensor(name: str, datatype: str, shape: Sequence[int], data: Sequence[Any]) -> Tensor:
    """One tensor as it is kept; NaN and infinity, which JSON lacks, become None."""
    values = [None if isinstance(v, float) and not isfinite(v) else v for v in data]
    return {"name": name, "datatype": datatype, "shape": [*shape], "data": values}


def rows_of(sample: Sequence[Tensor]) -> int:
    """How many rows it has."""
    return int(sample[0]["shape"][0]) if sample else 0


def size_of(sample: Sequence[Tensor]) -> int:
    """Bytes of its JSON."""
    return len(json.dumps(sample, separators=(",", ":"), ensure_ascii=False).encode())


def first_rows(sample: Sequence[Tensor], rows: int) -> tuple[Tensor, ...]:
    """Its first rows."""
    return tuple(_cut(part, rows) for part in sample)


def fitting(
    sample: Sequence[Tensor], rows: int = MAX_ROWS, size: int = MAX_BYTES
) -> tuple[Tensor, ...]:
    """As many of its first rows as are allowed; () when not even one row is small enough."""
    cut = first_rows(sample, rows)
    while cut and size_of(cut) > size:
        left = rows_of(cut) // 2
        cut = first_rows(cut, left) if left else ()
    return cut


def is_frame(sample: Sequence[Tensor]) -> bool:
    """Whether it was a data frame: named columns of one value a row."""
    return bool(sample) and all(
        len(part["shape"]) == 2 and part["shape"][1] == 1 and part["name"] != ARRAY
        for part in sample
    )


def checked(sample: Iterable[Tensor], field: str) -> tuple[Tensor, ...]:
    """
    The sample, when its tensors are right.

    Raises BadInput naming ``field`` and the tensor for wrong types, shapes, sizes.
    """
    parts = tuple(dict(part) for part in sample)
    for part in parts:
        _check(part, field)
    names = [part["name"] for part in parts]
    if len(set(names)) != len(names):
        raise _bad(field, "two tensors have the same name", names)
    if len({part["shape"][0] for part in parts}) > 1:
        raise _bad(field, "its tensors have different numbers of rows", names)
    if rows_of(parts) > MAX_ROWS or size_of(parts) > MAX_BYTES:
        raise _bad(field, f"more than {MAX_ROWS} rows or {MAX_BYTES} bytes are not kept", names)
    return parts


def _check(part: Tensor, field: str) -> None:
    name, shape, data = part.get("name"), part.get("shape"), part.get("data")
    if not isinstance(name, str) or not name:
        raise _bad(field, "a tensor has no name", name)
    if part.get("datatype") not in DATATYPES:
        known = ", ".join(DATATYPES)
        raise _bad(field, f"{name!r} must have one of the datatypes {known}", part.get("datatype"))
    if not isinstance(shape, list) or not shape or not all(_is_size(size) for size in shape):
        raise _bad(field, f"the shape of {name!r} must be a list of sizes above 0", shape)
    if not isinstance(data, list) or len(data) != prod(shape):
        count = len(data) if isinstance(data, list) else 0
        raise _bad(
            field, f"{name!r} must have {prod(shape)} values in a flat list, as its shape", count
        )
    kinds = _kinds(str(part["datatype"]))
    wrong = next((v for v in data if v is not None and type(v) not in kinds), None)
    if wrong is not None:
        raise _bad(field, f"a value of {name!r} is no {part['datatype']}", wrong)


def _kinds(datatype: str) -> tuple[type, ...]:
    """What JSON has for values of a datatype."""
    if datatype == "BYTES":
        return (str,)
    if datatype == "BOOL":
        return (bool,)
    return (int, float) if datatype.startswith("FP") else (int,)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _cut(part: Tensor, rows: int) -> Tensor:
    shape = list(part["shape"])
    if shape[0] <= rows:
        return part
    width = prod(shape[1:])
    return {**part, "shape": [rows, *shape[1:]], "data": list(part["data"][: rows * width])}


def _bad(field: str, problem: str, found: object) -> BadInput:
    return BadInput(
        f"{field} cannot be kept: {problem} (it is {found!r}).", details={"field": field}
    )
