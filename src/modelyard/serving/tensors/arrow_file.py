"""
An Arrow IPC stream made into a file: its magic around it and a footer that says where batches lie.

nanoarrow writes streams only. The footer is a FlatBuffer whose schema is the stream's own: offsets
in a FlatBuffer are relative, so that the whole first message is put into the footer as it is.
"""

import struct
from dataclasses import dataclass

MAGIC = b"ARROW1\x00\x00"

_CONTINUATION = 0xFFFFFFFF
_SCHEMA, _BATCH = 1, 3
_VERSION_5 = 4


@dataclass(frozen=True, slots=True)
class _Message:
    """One message of a stream: where it begins, the FlatBuffer of its head, its body's size."""

    start: int
    head: bytes
    prefixed: int
    body: int


def of_stream(stream: bytes) -> bytes:
    """The file with the same schema and batches."""
    messages = _messages(stream)
    schema = next(m for m in messages if _kind(m.head) == _SCHEMA)
    blocks = [
        (len(MAGIC) + m.start, m.prefixed, m.body) for m in messages if _kind(m.head) == _BATCH
    ]
    footer = _footer(schema.head, blocks)
    size = struct.pack("<i", len(footer))
    return b"".join((MAGIC, stream, footer, size, MAGIC[:6]))


def _messages(stream: bytes) -> list[_Message]:
    found: list[_Message] = []
    at = 0
    while at + 8 <= len(stream):
        marker, size = struct.unpack_from("<Ii", stream, at)
        if marker != _CONTINUATION or size == 0:
            break
        head = stream[at + 8 : at + 8 + size]
        body = _body_size(head)
        found.append(_Message(at, head, 8 + size, body))
        at += 8 + size + body
    return found


def _table(head: bytes) -> int:
    (offset,) = struct.unpack_from("<I", head, 0)
    return int(offset)


def _field(head: bytes, number: int) -> int:
    """Where a field of the root table lies; 0 where it is left out."""
    table = _table(head)
    (back,) = struct.unpack_from("<i", head, table)
    vtable = table - back
    (size,) = struct.unpack_from("<H", head, vtable)
    if 4 + 2 * number >= size:
        return 0
    (offset,) = struct.unpack_from("<H", head, vtable + 4 + 2 * number)
    return table + offset if offset else 0


def _kind(head: bytes) -> int:
    place = _field(head, 1)
    return head[place] if place else 0


def _body_size(head: bytes) -> int:
    place = _field(head, 3)
    return int(struct.unpack_from("<q", head, place)[0]) if place else 0


def _footer(schema_message: bytes, blocks: list[tuple[int, int, int]]) -> bytes:
    """
    A FlatBuffer: root offset, vtable, table (version, schema, batches), blocks, the schema.

    Everything lies at a multiple of 8, as the blocks and the schema's own numbers need it.
    """
    place = _field(schema_message, 2)
    (relative,) = struct.unpack_from("<I", schema_message, place)
    table_at, vector_at = 24, 44
    schema_at = vector_at + 4 + 24 * len(blocks)
    schema = schema_at + place + int(relative)
    vtable = struct.pack("<HHHHHH", 12, 20, 4, 8, 0, 12)
    table = struct.pack(
        "<ihxxIIxxxx",
        table_at - 8,
        _VERSION_5,
        schema - (table_at + 8),
        vector_at - (table_at + 12),
    )
    root = struct.pack("<Ixxxx", table_at)
    parts = [root, vtable, b"\0" * 4, table, struct.pack("<I", len(blocks))]
    # a block: where, the head's size with its prefix, the body's size
    parts += [struct.pack("<qixxxxq", *block) for block in blocks]
    return b"".join([*parts, schema_message])
