"""
Arrow IPC streams and files to columns.

In plain Python with every bound checked, because these bytes come from strangers and the front
must outlive them: nanoarrow, which does the same in C, crashes on some broken streams. Numbers are
not looked at one by one, so that a large table costs little.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from modelyard.serving.tensors.arrow_types import (
    LARGE_TEXTS,
    TEXTS,
    VIEWS,
    Field,
    Header,
    Type,
    field_of,
)
from modelyard.serving.tensors.flatbuffer import Broken, Table, root
from modelyard.serving.tensors.tensor import CODES, unpack

MAGIC = b"ARROW1\x00\x00"

_CONTINUATION = 0xFFFFFFFF
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_TEXT = 64 * 1024 * 1024
"""Bytes of text that a table may unpack to however small it is: texts may be told many times."""


@dataclass(slots=True)
class Column:
    """A column of all batches: ``data`` where it is numbers and nothing is missing."""

    field: Field
    data: list[bytes] = made(default_factory=list)
    values: list[Any] = made(default_factory=list)


def columns(stream: bytes) -> tuple[list[Column], int]:
    """All columns and the number of rows. Raises Broken."""
    stream = stream.removeprefix(MAGIC)
    reading = _Reading(len(stream))
    for head, body in _messages(stream):
        reading.take(head, body)
    return reading.columns, reading.rows


def _messages(stream: bytes) -> Iterator[tuple[Table, memoryview]]:
    view = memoryview(stream)
    at = 0
    while at + 8 <= len(stream):
        marker, size = struct.unpack_from("<Ii", stream, at)
        at += 8
        if marker != _CONTINUATION:  # as it was before version 0.15
            size, at = marker, at - 4
        if size == 0:
            return
        if size < 0 or at + size > len(stream):
            raise Broken("a message is longer than the body")
        message = root(stream[at : at + size])
        at += size
        length = message.number(3, "q")
        if length < 0 or at + length > len(stream):
            raise Broken("the data of a message is longer than the body")
        yield message, view[at : at + length]
        at += length


class _Reading:
    """What was read until now."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._text_left = max(_MOST_TEXT, 8 * size)
        self._dictionaries: dict[int, list[Any]] = {}
        self._encoded: dict[int, Field] = {}
        self._known = False
        self.columns: list[Column] = []
        self.rows = 0

    def take(self, message: Table, body: memoryview) -> None:
        """The next message."""
        kind, content = message.number(1, "B"), message.table(2)
        if content is None:
            raise Broken("a message is empty")
        if kind == Header.SCHEMA and not self._known:
            self._schema(content)
        elif kind == Header.DICTIONARY and self._known:
            self._dictionary(content, body)
        elif kind == Header.BATCH and self._known:
            batch = _Batch(self, content, body)
            for column in self.columns:
                batch.column(column)
            self.rows += batch.rows
        else:
            raise Broken("a message comes where it must not")

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

    def value_of(self, id: int, index: int | None) -> Any:
        """A value of a dictionary."""
        if index is None:
            return None
        values = self._dictionaries.get(id, [])
        if not 0 <= index < len(values):
            raise Broken("a category is not in its dictionary")
        value = values[index]
        if isinstance(value, str):
            self.spend(len(value))
        return value

    def _schema(self, schema: Table) -> None:
        if schema.number(0, "h"):
            raise Broken("its numbers are big-endian")
        self._known = True
        for each in schema.tables(1):
            found = field_of(each)
            self.columns.append(Column(found))
            if found.dictionary is not None:
                self._encoded[found.dictionary] = found.children[0]

    def _dictionary(self, content: Table, body: memoryview) -> None:
        id_, data = content.number(0, "q"), content.table(1)
        if id_ not in self._encoded or data is None:
            raise Broken("a dictionary belongs to no column")
        values = _Batch(self, data, body).values(self._encoded[id_])
        if content.number(2, "B"):
            values = [*self._dictionaries.get(id_, []), *values]
        self._dictionaries[id_] = values


class _Batch:
    """One record batch, walked column by column."""

    def __init__(self, reading: _Reading, batch: Table, body: memoryview) -> None:
        if batch.table(3) is not None:
            raise Broken("it is compressed: write it without compression")
        self._reading = reading
        self._body = body
        self._nodes = iter(batch.structs(1, "qq"))
        self._buffers = iter(batch.structs(2, "qq"))
        self._variadic = iter(batch.structs(4, "q"))
        self.rows = reading.check_rows(batch.number(0, "q"))

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
                return [self._reading.value_of(kind.dictionary, index) for index in found]
            return [_moment(v, kind) for v in found] if kind.unit else found
        if kind.type in TEXTS | LARGE_TEXTS:
            return self._texts("q" if kind.type in LARGE_TEXTS else "i")
        if kind.type in VIEWS:
            return self._views()
        if kind.type is Type.BOOL:
            missing, count = self._validity()
            return _masked(_bits(self._buffer(), count), missing)
        if kind.type is Type.NULL:
            return [None] * self._node()[0]
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
        return self._reading.check_rows(length), nulls

    def _buffer(self) -> memoryview:
        try:
            offset, length = next(self._buffers)
        except StopIteration:
            raise Broken("the data of a column is missing") from None
        if offset < 0 or length < 0 or offset + length > len(self._body):
            raise Broken("the data of a column leads out of the body")
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
        self._reading.spend(offsets[-1] - offsets[0])
        texts = [str(data[start:end], "utf-8", "replace") for start, end in pairwise(offsets)]
        return _masked(texts, present)

    def _views(self) -> list[Any]:
        """Short texts lie in the view itself, long ones in one of several buffers."""
        present, count = self._validity()
        views = self._buffer()
        if len(views) < 16 * count:
            raise Broken("a column is shorter than its rows")
        several = next(self._variadic, (0,))[0]
        buffers = [self._buffer() for _ in range(self._reading.check_rows(several))]
        texts = [self._view(views, 16 * row, buffers) for row in range(count)]
        return _masked(texts, present)

    def _view(self, views: memoryview, at: int, buffers: Sequence[memoryview]) -> str:
        length, _, number, offset = struct.unpack_from("<iiii", views, at)
        if 0 <= length <= 12:
            return str(views[at + 4 : at + 4 + length], "utf-8", "replace")
        known = 0 <= number < len(buffers)
        if length < 0 or not known or offset < 0 or offset + length > len(buffers[number]):
            raise Broken("a text leads out of the body")
        self._reading.spend(length)
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
