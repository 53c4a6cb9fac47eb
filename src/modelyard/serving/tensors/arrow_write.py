"""Columns to Arrow IPC streams and files."""

import struct
from collections.abc import Iterator, Sequence

from modelyard.serving.tensors.arrow_read import MAGIC
from modelyard.serving.tensors.arrow_types import VERSION_5, Header, Type
from modelyard.serving.tensors.flatbuffer import Node, Structs, Text, Vector, written
from modelyard.serving.tensors.tensor import Tensor

_END = struct.pack("<II", 0xFFFFFFFF, 0)
_PRECISION = {"FP16": 0, "FP32": 1, "FP64": 2}


def stream(tensors: Sequence[Tensor], rows: int) -> bytes:
    """The schema, one batch, the end."""
    return b"".join([_schema_message(tensors), _batch_message(tensors, rows), _END])


def file(tensors: Sequence[Tensor], rows: int) -> bytes:
    """The stream within its magic, and a footer that says where the batch lies."""
    schema, batch = _schema_message(tensors), _batch_message(tensors, rows)
    (head,) = struct.unpack_from("<I", batch, 4)
    block = (len(MAGIC) + len(schema), 8 + head, len(batch) - 8 - head)
    version = ("h", VERSION_5)
    blocks = Structs("qixxxxq", [block])
    footer = written(Node([version, _schema(tensors), Structs("qixxxxq", []), blocks]))
    size = struct.pack("<I", len(footer))
    return b"".join([MAGIC, schema, batch, _END, footer, size, MAGIC[:6]])


def _message(kind: Header, content: Node, body: bytes) -> bytes:
    head = written(Node([("h", VERSION_5), ("B", kind), content, ("q", len(body))]))
    return struct.pack("<II", 0xFFFFFFFF, len(head)) + head + body


def _schema_message(tensors: Sequence[Tensor]) -> bytes:
    return _message(Header.SCHEMA, _schema(tensors), b"")


def _schema(tensors: Sequence[Tensor]) -> Node:
    fields = [_field(tensor.name, tensor.datatype, inner(tensor)) for tensor in tensors]
    return Node([("h", 0), Vector(fields)])


def _field(name: str, datatype: str, sizes: Sequence[int]) -> Node:
    if sizes:
        kind, facts = Type.FIXED_LIST, Node([("i", sizes[0])])
        children = [_field("item", datatype, sizes[1:])]
    else:
        kind, facts = _kind(datatype)
        children = []
    return Node([Text(name), ("?", 1), ("B", kind), facts, None, Vector(children)])


def _kind(datatype: str) -> tuple[Type, Node]:
    if datatype in _PRECISION:
        return Type.FLOAT, Node([("h", _PRECISION[datatype])])
    if datatype in {"BYTES", "BOOL"}:
        return Type.UTF8 if datatype == "BYTES" else Type.BOOL, Node([])
    signed = not datatype.startswith("U")
    width = int(datatype.removeprefix("U").removeprefix("INT"))
    return Type.INT, Node([("i", width), ("?", int(signed))])


def _batch_message(tensors: Sequence[Tensor], rows: int) -> bytes:
    nodes: list[tuple[int, int]] = []
    buffers: list[tuple[int, int]] = []
    body = bytearray()
    for tensor in tensors:
        for part in _parts(tensor, rows, nodes):
            buffers.append((len(body), len(part)))
            body += part
            body += b"\0" * (-len(body) % 8)
    batch = Node([("q", rows), Structs("qq", nodes), Structs("qq", buffers)])
    return _message(Header.BATCH, batch, bytes(body))


def _parts(
    tensor: Tensor, rows: int, nodes: list[tuple[int, int]]
) -> Iterator[bytes | memoryview]:
    """The buffers of a column, the lists around its values first."""
    count = rows
    for size in inner(tensor):
        nodes.append((count, 0))
        yield b""
        count *= size
    if tensor.datatype == "BYTES":
        values = tensor.values()
        nodes.append((count, values.count(None)))
        yield _bits([value is not None for value in values]) if None in values else b""
        data = [(value or "").encode() for value in values]
        ends = [0]
        for each in data:
            ends.append(ends[-1] + len(each))
        yield struct.pack(f"<{len(ends)}i", *ends)
        yield b"".join(data)
        return
    nodes.append((count, 0))
    yield b""
    yield _bits(tensor.values()) if tensor.datatype == "BOOL" else bytes(tensor.data)


def inner(tensor: Tensor) -> tuple[int, ...]:
    """The sizes of a row's lists; none for a single value a row."""
    sizes = tensor.shape[1:]
    return () if sizes in {(), (1,)} else sizes


def _bits(flags: Sequence[bool]) -> bytes:
    text = "".join("1" if flag else "0" for flag in reversed(flags))
    return int(text or "0", 2).to_bytes((len(flags) + 7) // 8, "little")
