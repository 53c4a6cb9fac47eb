"""The values of many records of one shape as Arrow columns. Pure."""

import json
import math
import struct
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from arro3.core import Array, DataType

from modelyard.collector.inputs.records import Damaged, Record

Columns = list[tuple[str, Array]]

WIDEST = 1000
"""Values in a row of one tensor above which only their number is kept."""

_CODES = {
    "|i1": "b", "|u1": "B", "<i2": "h", "<u2": "H", "<i4": "i", "<u4": "I", "<i8": "q",
    "<u8": "Q", "<f4": "f", "<f8": "d",
}  # fmt: skip
_TENSORS = {
    "INT8": "|i1", "UINT8": "|u1", "INT16": "<i2", "UINT16": "<u2", "INT32": "<i4",
    "UINT32": "<u4", "INT64": "<i8", "UINT64": "<u8", "FP16": "<f2", "FP32": "<f4",
    "FP64": "<f8", "BOOL": "|b1",
}  # fmt: skip
_TEXT = struct.Struct("<I")


def shape_of(record: Record) -> object:
    """Equal for records whose values can be put into one batch. Raises Damaged."""
    try:
        if record.shape == "rows":
            return ("rows", record.names)
        if record.shape == "matrix":
            return ("matrix", str(record.said), record.names)
        if record.shape == "columns":
            return ("columns", tuple((str(name), str(code)) for name, code, _ in record.said))
        return (
            "tensors",
            tuple((str(name), str(kind), tuple(map(int, shape[1:])))
                  for name, kind, shape, _ in record.said),
            record.names,
        )  # fmt: skip
    except (TypeError, ValueError) as error:
        raise Damaged("what the record says of its values cannot be read") from error


def columns_of(records: Sequence[Record]) -> Columns:
    """
    Of records of one shape, in their order.

    Raises Damaged for a record alone whose data are not what it says; of several any may be it.
    """
    make = {"rows": _of_rows, "matrix": _of_matrix, "columns": _of_columns, "tensors": _of_tensors}
    try:
        return make[records[0].shape](records)
    except (ValueError, TypeError, KeyError, IndexError, struct.error, OverflowError,
            UnicodeDecodeError, RecursionError) as error:  # fmt: skip
        raise Damaged(f"the values cannot be read: {error}") from error


def of_values(values: Sequence[Any]) -> Array:
    """A column of Python values: of one type where they have one, else of texts."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {bool} and kinds:
        return Array(values, DataType.bool())
    if kinds <= {int} and kinds and all(v is None or -(2**63) <= v < 2**63 for v in values):
        return Array(values, DataType.int64())
    if kinds <= {int, float} and float in kinds:
        return Array([None if v is None else float(v) for v in values], DataType.float64())
    return Array([_text(value) for value in values], DataType.utf8())


def _text(value: Any) -> str | None:
    if value is None or value != value:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode("utf-8")


def _of_rows(records: Sequence[Record]) -> Columns:
    rows: list[Sequence[Any]] = []
    names = records[0].names
    width = len(names)
    for record in records:
        if len(record.said) != record.count:
            raise Damaged("not as many rows as it says")
        for row in record.said:
            if len(row) > width or not isinstance(row, list):
                raise Damaged("a row is wider than its names")
            rows.append(row if len(row) == width else [*row, *[None] * (width - len(row))])
    found = zip(*rows, strict=True) if rows else ((),) * width
    return [(name, of_values(values)) for name, values in zip(names, found, strict=True)]


def _of_matrix(records: Sequence[Record]) -> Columns:
    code, names = records[0].said, records[0].names
    width = len(names)
    data = b"".join(_exactly(record, record.count * width * _bytes(code)) for record in records)
    return _spread(list(names), code, data, width)


def _of_columns(records: Sequence[Record]) -> Columns:
    found: Columns = []
    views = [(record, record.data) for record in records]
    starts = [0] * len(records)
    for at, (name, code, _) in enumerate(records[0].said):
        pieces: list[memoryview] = []
        for number, (record, view) in enumerate(views):
            size = int(record.said[at][2])
            piece = view[starts[number] : starts[number] + size]
            if len(piece) != size or (code != "j" and size != record.count * _bytes(code)):
                raise Damaged("a column has not the size that it says")
            starts[number] += size
            pieces.append(piece)
        found.append((str(name), _column(records, code, pieces)))
    return found


def _column(records: Sequence[Record], code: str, pieces: Sequence[memoryview]) -> Array:
    if code != "j":
        return _numbers(code, b"".join(pieces))
    values: list[Any] = []
    for record, piece in zip(records, pieces, strict=True):
        some = json.loads(bytes(piece))
        if not isinstance(some, list) or len(some) != record.count:
            raise Damaged("a column has not as many values as rows")
        values += some
    return of_values(values)


def _of_tensors(records: Sequence[Record]) -> Columns:
    found: Columns = []
    starts = [0] * len(records)
    for at, (name, kind, shape, _) in enumerate(records[0].said):
        width = math.prod(int(length) for length in shape[1:])
        pieces = []
        for number, record in enumerate(records):
            size = int(record.said[at][3])
            piece = record.data[starts[number] : starts[number] + size]
            if len(piece) != size or (record.said[at][2] or [1])[0] != record.count:
                raise Damaged("a tensor is not what it says")
            starts[number] += size
            pieces.append(piece)
        if width > WIDEST:
            count = sum(record.count for record in records)
            texts = [f"{kind} of {list(shape[1:])}"] * count
            found.append((str(name), Array(texts, DataType.utf8())))
        else:
            names = [str(name)] if width == 1 else [f"{name}_{at}" for at in range(width)]
            if len(records[0].said) == 1 and len(records[0].names) == width:
                names = list(records[0].names)
            found += _tensor(names, kind, pieces, records)
    return found


def _tensor(
    names: Sequence[str], kind: str, pieces: Sequence[memoryview], records: Sequence[Record]
) -> Columns:
    width = len(names)
    if kind != "BYTES":
        code = _TENSORS[kind]
        for piece, record in zip(pieces, records, strict=True):
            if len(piece) != record.count * width * _bytes(code):
                raise Damaged("a tensor has not the size that it says")
        return _spread(names, code, b"".join(pieces), width)
    texts = [text for piece in pieces for text in _texts(piece)]
    if len(texts) != width * sum(record.count for record in records):
        raise Damaged("a tensor has not as many texts as it says")
    return [
        (each, Array(texts[at::width], DataType.utf8())) for at, each in enumerate(names)
    ]  # fmt: skip


def _texts(data: memoryview) -> Iterable[str]:
    at = 0
    while at < len(data):
        (size,) = _TEXT.unpack_from(data, at)
        at += 4 + size
        yield bytes(data[at - size : at]).decode("utf-8", "replace")


def _spread(names: Sequence[str], code: str, data: bytes, width: int) -> Columns:
    """The columns of row-major data."""
    if code == "|b1":
        return [
            (name, Array([bool(v) for v in data[at::width]], DataType.bool()))
            for at, name in enumerate(names)
        ]
    values = _values(code, data)
    return [(name, Array.from_buffer(values[at::width])) for at, name in enumerate(names)]


def _numbers(code: str, data: bytes) -> Array:
    return _spread(["it"], code, data, 1)[0][1]


def _values(code: str, data: bytes) -> "array[Any]":
    if code == "<f2":
        return array("f", struct.unpack(f"<{len(data) // 2}e", data))
    values = array(_CODES[code])
    values.frombytes(data)
    return values


def _bytes(code: str) -> int:
    if code != "|b1" and code != "<f2" and code not in _CODES:
        raise Damaged(f"{code!r} is no type of numbers")
    return int(code[-1])


def _exactly(record: Record, size: int) -> memoryview:
    if len(record.data) != size:
        raise Damaged("the data have not the size that the head says")
    return record.data
