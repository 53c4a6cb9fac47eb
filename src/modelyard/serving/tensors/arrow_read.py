"""
Arrow IPC streams and files to columns.

In plain Python with every bound checked, because these bytes come from strangers and the front
must outlive them: nanoarrow, which does the same in C, crashes on some broken streams. Numbers are
not looked at one by one, so that a large table costs little.
"""

import struct
from collections.abc import Iterator

from modelyard.serving.tensors.arrow_batch import Batch, Bounds, Column
from modelyard.serving.tensors.arrow_types import Field, Header, field_of
from modelyard.serving.tensors.flatbuffer import Broken, Table, root

MAGIC = b"ARROW1\x00\x00"

_CONTINUATION = 0xFFFFFFFF
_COLUMN = 1000
"""What a column is counted with, as text, because a schema may tell the same one many times."""


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


class _Reading(Bounds):
    """What was read until now."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
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
            batch = Batch(self, content, body)
            for column in self.columns:
                batch.column(column)
            self.rows += batch.rows
        else:
            raise Broken("a message comes where it must not")

    def _schema(self, schema: Table) -> None:
        if schema.number(0, "h"):
            raise Broken("its numbers are big-endian")
        self._known = True
        for each in schema.tables(1):
            found = field_of(each)
            self.spend(_COLUMN + len(found.name))
            self.columns.append(Column(found))
            if found.dictionary is not None:
                self._encoded[found.dictionary] = found.children[0]

    def _dictionary(self, content: Table, body: memoryview) -> None:
        id_, data = content.number(0, "q"), content.table(1)
        if id_ not in self._encoded or data is None:
            raise Broken("a dictionary belongs to no column")
        values = Batch(self, data, body).values(self._encoded[id_])
        if not content.number(2, "B"):
            self.dictionaries[id_] = []
        self.dictionaries.setdefault(id_, []).extend(values)
