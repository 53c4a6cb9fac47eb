"""One record batch of Arrow, walked column by column; nothing outside of its data is read."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as made
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from modelyard.serving.tensors.arrow_types import LARGE_TEXTS, TEXTS, VIEWS, Field, Type
from modelyard.serving.tensors.flatbuffer import Broken, Table
from modelyard.serving.tensors.tensor import CODES, unpack

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_TEXT = 64 * 1024 * 1024
"""Bytes of text that a table may unpack to however small it is: texts may be told many times."""


@dataclass(slots=True)
class Column:
    """A column of all batches: ``data`` where it is numbers and nothing is missing."""

    field: Field
    data: list[bytes] = made(default_factory=list)
    values: list[Any] = made(default_factory=list)


class Bounds:
    """What a body of so many bytes can hold, and its dictionaries."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._text_left = max(_MOST_TEXT, 8 * size)
        self._data_left = size
        self.dictionaries: dict[int, list[Any]] = {}

    def check_rows(self, rows: int) -> int:
        """Raises Broken for more rows than so many bytes can hold."""
        if not 0 <= rows <= 8 * self._size:
            raise Broken(f"{rows} rows are more than the body can hold")
        return rows

    def spend(self, size: int) -> None:
        """Raises Broken when the texts unpack to too much."""
        self._text_left -= size
        if self._text_left < 0:
            raise Broken("its texts unpack to more than is taken")

    def read(self, size: int) -> None:
        """Raises Broken when columns share their data: each would be unpacked on its own."""
        self._data_left -= size
        if self._data_left < 0:
            raise Broken("its columns are told to have more data than there is")

    def value_of(self, id: int, index: int | None) -> Any:
        """A value of a dictionary."""
        if index is None:
            return None
        values = self.dictionaries.get(id, [])
        if not 0 <= index < len(values):
            raise Broken("a category is not in its dictionary")
        value = values[index]
        if isinstance(value, str):
            self.spend(len(value))
        return value


class Batch:
    """One record batch, walked column by column."""

    def __init__(self, bounds: Bounds, batch: Table, body: memoryview) -> None:
        if batch.table(3) is not None:
            raise Broken("it is compressed: write it without compression")
        self._bounds = bounds
        self._body = body
        self._nodes = iter(batch.structs(1, "qq"))
        self._buffers = iter(batch.structs(2, "qq"))
        self._variadic = iter(batch.structs(4, "q"))
        self.rows = bounds.check_rows(batch.number(0, "q"))

    def column(self, column: Column) -> None:
        """Append the next column."""
        kind = column.field
        if kind.type in {Type.INT, Type.FLOAT} and kind.dictionary is None:
            missing, data, count = self._numbers(kind)
            self._check_count(count)
            if missing is None and not column.values:
                column.data.append(bytes(data))
                return
            self._give_up_data(column)
            column.values += _masked(unpack(kind.datatype, data, count), missing)
            return
        values = self.values(kind)
        self._check_count(len(values))
        column.values += values

    def values(self, kind: Field) -> list[Any]:
        """The values of the next column, None where they are missing."""
        if kind.dictionary is not None or kind.datatype:
            missing, data, count = self._numbers(kind)
            found = _masked(unpack(kind.datatype, data, count), missing)
            if kind.dictionary is not None:
                return [self._bounds.value_of(kind.dictionary, index) for index in found]
            return [_moment(v, kind) for v in found] if kind.unit else found
        if kind.type in TEXTS | LARGE_TEXTS:
            return self._texts("q" if kind.type in LARGE_TEXTS else "i")
        if kind.type in VIEWS:
            return self._views()
        if kind.type is Type.BOOL:
            missing, count = self._validity()
            return _masked(_bits(self._buffer(), count), missing)
        if kind.type is Type.NULL:
            count = self._node()[0]
            self._bounds.spend(8 * count)  # they take no data at all
            return [None] * count
        return self._lists(kind)

    @staticmethod
    def _give_up_data(column: Column) -> None:
        """What came as numbers alone is needed as values now."""
        for data in column.data:
            width = struct.calcsize(CODES[column.field.datatype])
            column.values += unpack(column.field.datatype, data, len(data) // width)
        column.data = []

    def _check_count(self, count: int) -> None:
        if count != self.rows:
            raise Broken(f"a column has {count} rows, the table {self.rows}")

    def _node(self) -> tuple[int, int]:
        try:
            length, nulls = next(self._nodes)
        except StopIteration:
            raise Broken("a column is missing") from None
        return self._bounds.check_rows(length), nulls

    def _buffer(self) -> memoryview:
        try:
            offset, length = next(self._buffers)
        except StopIteration:
            raise Broken("the data of a column is missing") from None
        if offset < 0 or length < 0 or offset + length > len(self._body):
            raise Broken("the data of a column leads out of the body")
        self._bounds.read(length)
        return self._body[offset : offset + length]

    def _validity(self) -> tuple[list[bool] | None, int]:
        """Which values are there (None: all), and how many places there are."""
        count, nulls = self._node()
        buffer = self._buffer()
        return (_bits(buffer, count) if nulls and len(buffer) else None), count

    def _numbers(self, kind: Field) -> tuple[list[bool] | None, memoryview, int]:
        present, count = self._validity()
        size = count * struct.calcsize(CODES[kind.datatype])
        buffer = self._buffer()
        if len(buffer) < size:
            raise Broken("a column is shorter than its rows")
        return present, buffer[:size], count

    def _offsets(self, code: str, count: int) -> Sequence[int]:
        buffer = self._buffer()
        size = (count + 1) * struct.calcsize(code)
        if not count and not len(buffer):
            return (0,)
        if len(buffer) < size:
            raise Broken("a column is shorter than its rows")
        return struct.unpack(f"<{count + 1}{code}", buffer[:size])

    def _texts(self, code: str) -> list[Any]:
        present, count = self._validity()
        offsets = self._offsets(code, count)
        data = self._buffer()
        _check_ascending(offsets, len(data))
        self._bounds.spend(offsets[-1] - offsets[0])
        texts = [str(data[start:end], "utf-8", "replace") for start, end in pairwise(offsets)]
        return _masked(texts, present)

    def _views(self) -> list[Any]:
        """Short texts lie in the view itself, long ones in one of several buffers."""
        present, count = self._validity()
        views = self._buffer()
        if len(views) < 16 * count:
            raise Broken("a column is shorter than its rows")
        several = next(self._variadic, (0,))[0]
        buffers = [self._buffer() for _ in range(self._bounds.check_rows(several))]
        texts = [self._view(views, 16 * row, buffers) for row in range(count)]
        return _masked(texts, present)

    def _view(self, views: memoryview, at: int, buffers: Sequence[memoryview]) -> str:
        length, _, number, offset = struct.unpack_from("<iiii", views, at)
        if 0 <= length <= 12:
            return str(views[at + 4 : at + 4 + length], "utf-8", "replace")
        known = 0 <= number < len(buffers)
        if length < 0 or not known or offset < 0 or offset + length > len(buffers[number]):
            raise Broken("a text leads out of the body")
        self._bounds.spend(length)
        return str(buffers[number][offset : offset + length], "utf-8", "replace")

    def _lists(self, kind: Field) -> list[Any]:
        present, count = self._validity()
        if kind.type is Type.FIXED_LIST:
            inner = self.values(kind.children[0])
            if len(inner) < count * kind.size:
                raise Broken("a list is shorter than it says")
            ends: Sequence[int] = range(0, (count + 1) * kind.size, kind.size)
        else:
            ends = self._offsets("q" if kind.type is Type.LARGE_LIST else "i", count)
            inner = self.values(kind.children[0])
            _check_ascending(ends, len(inner))
        lists = [inner[start:end] for start, end in pairwise(ends)]
        return _masked(lists[:count], present)


def _check_ascending(offsets: Sequence[int], size: int) -> None:
    if offsets[0] < 0 or offsets[-1] > size or any(a > b for a, b in pairwise(offsets)):
        raise Broken("the offsets of a column are in disorder")


def _bits(buffer: memoryview, count: int) -> list[bool]:
    if len(buffer) * 8 < count:
        raise Broken("a column is shorter than its rows")
    whole = int.from_bytes(buffer[: (count + 7) // 8], "little")
    text = f"{whole:0{max(count, 1)}b}"[::-1]
    return [bit == "1" for bit in text[:count]]


def _masked(values: list[Any], present: list[bool] | None) -> list[Any]:
    if present is None:
        return values
    return [value if there else None for value, there in zip(values, present, strict=True)]


def _moment(value: int | None, kind: Field) -> str | None:
    """A date or time as ISO 8601 has it."""
    if value is None:
        return None
    try:
        moment = _EPOCH + timedelta(microseconds=round(value * kind.unit * 1e6))
    except OverflowError:
        raise Broken("a date is not of this calendar") from None
    naive = moment.replace(tzinfo=None)
    return naive.date().isoformat() if kind.type is Type.DATE else naive.isoformat()
