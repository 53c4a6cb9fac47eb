"""
FlatBuffers, as much of them as Arrow's messages need: reading with every bound checked, writing.

Offsets come from a stranger: whatever they say, nothing outside of the buffer is read and the
worst that happens is ``Broken``.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_TEXT = 10_000
"""Bytes of a name; many places may lead to the same one."""

_SIZES = {"b": 1, "B": 1, "?": 1, "h": 2, "i": 4, "I": 4, "q": 8}


class Broken(Exception):
    """These bytes are no such buffer."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table within a buffer; fields are asked for by number."""

    buffer: bytes
    at: int

    def number(self, field: int, code: str, default: int = 0) -> int:
        """A number of this ``struct`` code."""
        place = self._place(field)
        return default if not place else _unpack(self.buffer, place, code)

    def table(self, field: int) -> "Table | None":
        """A table; None where it is left out."""
        place = self._place(field)
        return Table(self.buffer, _follow(self.buffer, place)) if place else None

    def text(self, field: int) -> str:
        """A text; '' where it is left out."""
        place = self._place(field)
        if not place:
            return ""
        start, count = _vector(self.buffer, place, 1)
        if count > LONGEST_TEXT:
            raise Broken(f"a name has {count} bytes")
        return self.buffer[start : start + count].decode("utf-8", "replace")

    def tables(self, field: int) -> "list[Table]":
        """A vector of tables."""
        place = self._place(field)
        if not place:
            return []
        start, count = _vector(self.buffer, place, 4)
        return [Table(self.buffer, _follow(self.buffer, start + 4 * n)) for n in range(count)]

    def structs(self, field: int, code: str) -> list[tuple[int, ...]]:
        """A vector of structs."""
        place = self._place(field)
        if not place:
            return []
        size = struct.calcsize(f"<{code}")
        start, count = _vector(self.buffer, place, size)
        return list(struct.iter_unpack(f"<{code}", self.buffer[start : start + count * size]))

    def _place(self, field: int) -> int:
        """Where a field lies; 0 where it is left out."""
        vtable = self.at - _unpack(self.buffer, self.at, "i")
        size = _unpack(self.buffer, vtable, "H")
        if 4 + 2 * field >= size:
            return 0
        offset = _unpack(self.buffer, vtable + 4 + 2 * field, "H")
        return self.at + offset if offset else 0


def root(buffer: bytes) -> Table:
    """The buffer's only table that no other points to."""
    return Table(buffer, _follow(buffer, 0))


def _unpack(buffer: bytes, at: int, code: str) -> int:
    if at < 0 or at + struct.calcsize(f"<{code}") > len(buffer):
        raise Broken("an offset leads out of the message")
    return int(struct.unpack_from(f"<{code}", buffer, at)[0])


def _follow(buffer: bytes, at: int) -> int:
    return at + _unpack(buffer, at, "I")


def _vector(buffer: bytes, at: int, size: int) -> tuple[int, int]:
    """First element and number of elements."""
    start = _follow(buffer, at)
    count = _unpack(buffer, start, "I")
    if start + 4 + count * size > len(buffer):
        raise Broken("a list is longer than the message")
    return start + 4, count


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be written."""

    value: str


@dataclass(frozen=True, slots=True)
class Structs:
    """A vector of structs to be written; ``code`` is each one's ``struct`` code."""

    code: str
    rows: Sequence[tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector of tables to be written."""

    nodes: "Sequence[Node]"


@dataclass(frozen=True, slots=True)
class Node:
    """A table to be written: its fields in order, numbers as (code, value), None left out."""

    fields: "Sequence[tuple[str, int] | Node | Text | Vector | Structs | None]"


def written(node: Node) -> bytes:
    """The buffer with this root, its length a multiple of 8."""
    out = bytearray(8)  # the root's offset, and room to the next multiple of 8
    struct.pack_into("<I", out, 0, _write(out, node))
    _align(out)
    return bytes(out)


def _write(out: bytearray, node: "Node | Text | Vector | Structs") -> int:
    """Appends it and gives its place; what it points to comes behind it."""
    if isinstance(node, Text):
        return _write_text(out, node.value)
    if isinstance(node, Structs):
        return _write_structs(out, node)
    if isinstance(node, Vector):
        return _write_vector(out, node)
    return _write_table(out, node)


def _write_table(out: bytearray, node: Node) -> int:
    offsets, end = _places(node)
    _align(out)
    vtable = struct.pack(f"<HH{len(offsets)}H", 4 + 2 * len(offsets), end, *offsets)
    start = len(out)
    out += vtable
    _align(out)
    at = len(out)
    out += struct.pack("<i", at - start).ljust(end, b"\0")
    for offset, field in zip(offsets, node.fields, strict=True):
        if isinstance(field, tuple):
            struct.pack_into(f"<{field[0]}", out, at + offset, field[1])
        elif field is not None:
            place = at + offset
            struct.pack_into("<I", out, place, _write(out, field) - place)
    return at


def _places(node: Node) -> tuple[list[int], int]:
    """Where each field lies within its table, 0 for none, and the table's size."""
    offsets: list[int] = []
    end = 4
    for field in node.fields:
        if field is None:
            offsets.append(0)
            continue
        size = _SIZES[field[0]] if isinstance(field, tuple) else 4
        end += -end % size
        offsets.append(end)
        end += size
    return offsets, end


def _write_text(out: bytearray, value: str) -> int:
    _align(out)
    at = len(out)
    data = value.encode()
    out += struct.pack("<I", len(data)) + data + b"\0"
    return at


def _write_structs(out: bytearray, node: Structs) -> int:
    _align(out)
    out += b"\0" * 4  # so that the structs behind the length lie at a multiple of 8
    at = len(out)
    out += struct.pack("<I", len(node.rows))
    for row in node.rows:
        out += struct.pack(f"<{node.code}", *row)
    return at


def _write_vector(out: bytearray, node: Vector) -> int:
    _align(out)
    at = len(out)
    out += struct.pack("<I", len(node.nodes)) + b"\0" * (4 * len(node.nodes))
    for number, each in enumerate(node.nodes):
        place = at + 4 + 4 * number
        struct.pack_into("<I", out, place, _write(out, each) - place)
    return at


def _align(out: bytearray) -> None:
    out += b"\0" * (-len(out) % 8)
