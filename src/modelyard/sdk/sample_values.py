"""From data frames, arrays, tables and lists to tensors; pandas and numpy are never imported."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import chain, islice
from math import isnan, prod
from typing import Any

from modelyard.domain.samples import ARRAY, MAX_ROWS, Tensor, tensor

_KINDS = {"b": "BOOL", "i": "INT{}", "u": "UINT{}", "f": "FP{}"}
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_TRUTHS = {"true": True, "false": False}


class Unusable(ValueError):
    """Cannot be a sample; the message goes on after the argument's name."""


def of_frame(frame: Any) -> list[Tensor]:
    """A tensor for each column of a data frame."""
    names = [str(name) for name in frame.columns]
    if len(set(names)) != len(names):
        raise Unusable("has two columns of one name")
    return [
        _column(name, frame.iloc[:, at].tolist(), _datatype(frame.iloc[:, at].dtype))
        for at, name in enumerate(names)
    ]


def of_series(series: Any) -> Tensor:
    """One tensor of one dimension."""
    made = _column(ARRAY, series.tolist(), _datatype(series.dtype))
    return {**made, "shape": made["shape"][:1]}


def of_array(array: Any) -> list[Tensor]:
    """One tensor; a tensor for each field of a structured array."""
    if not array.shape:
        raise Unusable("is a single value, not rows")
    if array.dtype.names:
        return [
            _column(n, array[n].tolist(), _datatype(array[n].dtype)) for n in array.dtype.names
        ]
    values = array.reshape(-1).tolist()
    datatype, values = _typed(values, _datatype(array.dtype))
    return [tensor(ARRAY, datatype, array.shape, values)]


def of_mapping(
    value: Mapping[Any, Any], convert: Callable[[Any], Sequence[Tensor]]
) -> list[Tensor]:
    """
    A dict of columns, or of arrays by name; also pandas' ``split`` form, and ``{"data": …}``.
    """
    if {"columns", "data"} <= set(value):
        return of_table(chain([value["columns"]], value["data"]), typed=True)
    if set(value) == {"data"} or set(value) == {"input_data"}:
        return list(convert(next(iter(value.values()))))
    parts: list[Tensor] = []
    for name, values in value.items():
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise Unusable(f"has no list under {name!r}")
        made = of_rows(values) if isinstance(values, list | tuple) else convert(values)
        if len(made) != 1:
            raise Unusable(f"has no list of values under {name!r}")
        part = made[0]
        shape = list(part["shape"])
        # of a dict of lists each is a column of a table
        parts.append(
            {**part, "name": str(name), "shape": shape if len(shape) > 1 else [*shape, 1]}
        )
    if len({part["shape"][0] for part in parts}) > 1:
        raise Unusable("has columns of different lengths")
    return parts


def of_rows(rows: Sequence[Any]) -> list[Tensor]:
    """Records, or rows of values."""
    rows = rows[: MAX_ROWS + 1]
    if rows and all(isinstance(row, Mapping) for row in rows):
        names = list(dict.fromkeys(name for row in rows for name in row))
        return [_column(str(name), [row.get(name) for row in rows]) for name in names]
    shape, flat = _flattened(rows)
    kinds = {_kind(value) for value in flat if value is not None}
    if "text" in kinds and len(kinds) > 1:
        raise Unusable("has rows of numbers and texts together without names; give records")
    datatype, values = _typed(flat)
    return [tensor(ARRAY, datatype, shape, values)]


def of_table(rows: Iterable[Sequence[Any]], *, typed: bool = False) -> list[Tensor]:
    """A header and rows; ``typed`` says that the values are no texts of a file."""
    header, *body = list(islice(iter(rows), MAX_ROWS + 2)) or [[]]
    names = [str(name) for name in header]
    if not names or len(set(names)) != len(names) or not all(names):
        raise Unusable("needs a first line with a name of its own for each column")
    body = [row for row in body if row]
    for row in body:
        if len(row) != len(names):
            raise Unusable(f"has a row of {len(row)} values under {len(names)} columns")
    columns = [[row[at] for row in body] for at in range(len(names))]
    return [
        _column(name, values if typed else _read(values))
        for name, values in zip(names, columns, strict=True)
    ]


def records(tensors: Sequence[Tensor]) -> list[dict[str, Any]]:
    """A data frame's rows."""
    columns = {part["name"]: part["data"] for part in tensors}
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def nested(part: Tensor) -> list[Any]:
    """An array's rows as nested lists."""
    values: list[Any] = list(part["data"])
    for size in reversed(part["shape"][1:]):
        values = [values[at : at + size] for at in range(0, len(values), size)]
    return values


def _column(name: str, values: Sequence[Any], datatype: str = "") -> Tensor:
    datatype, converted = _typed(values, datatype)
    return tensor(name, datatype, [len(converted), 1], converted)


def _datatype(dtype: Any) -> str:
    """The protocol's name of a numpy or pandas dtype; '' where only the values tell."""
    kind = getattr(dtype, "kind", "O")
    return _KINDS.get(kind, "").format(getattr(dtype, "itemsize", 8) * 8)


def _typed(values: Sequence[Any], datatype: str = "") -> tuple[str, list[Any]]:
    """The datatype, and the values as JSON has them; missing ones None."""
    plain = [None if _is_missing(value) else value for value in values]
    if not datatype or (None in plain and not datatype.startswith("FP")):
        datatype = _common({_kind(value) for value in plain if value is not None}, None in plain)
    if datatype == "FP128":
        datatype = "FP64"
    if datatype == "BYTES":
        return datatype, [None if value is None else _text(value) for value in plain]
    if datatype.startswith("FP"):
        return datatype, [None if value is None else float(value) for value in plain]
    return datatype, plain


def _common(kinds: set[str], missing: bool) -> str:
    if not kinds:
        return "FP64" if missing else "BYTES"
    if kinds == {"truth"} and not missing:
        return "BOOL"
    if kinds == {"integer"} and not missing:
        return "INT64"
    return "FP64" if kinds <= {"truth", "integer", "number"} else "BYTES"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int):
        return "integer" if -(2**63) <= value < 2**63 else "number"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str | bytes | date) or not hasattr(value, "__iter__"):
        return "text"
    raise Unusable(f"holds a {type(value).__name__} where a value is wanted")


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.isoformat() if isinstance(value, date) else str(value)


def _is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NA and NaT, which equal nothing."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return True
    return type(value).__name__ in {"NAType", "NaTType"}


def _read(texts: Sequence[str]) -> list[Any]:
    """The values of a column of a file: all truths, all integers, all numbers, or texts."""
    stripped = [text.strip() for text in texts]
    present = [text for text in stripped if text]
    if present and all(text.lower() in _TRUTHS for text in present):
        return [_TRUTHS[text.lower()] if text else None for text in stripped]
    if all(_INTEGER.fullmatch(text) for text in present):
        return [int(text) if text else None for text in stripped]
    try:
        return [float(text) if text else None for text in stripped]
    except ValueError:
        return [text or None for text in texts]


def _flattened(rows: Sequence[Any]) -> tuple[list[int], list[Any]]:
    """The shape of nested lists and their values. Raises Unusable for ragged ones."""
    shape, level = [len(rows)], list(rows)
    while level and all(isinstance(value, list | tuple) for value in level):
        width = len(level[0])
        if any(len(value) != width for value in level):
            raise Unusable("has rows of different lengths")
        shape.append(width)
        level = list(chain.from_iterable(level))
    if len(level) != prod(shape) or any(isinstance(v, list | tuple | Mapping) for v in level):
        raise Unusable("has rows of different lengths")
    return shape, level
