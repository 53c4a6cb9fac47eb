"""
A named array as it travels between front and worker.

``data`` is row-major and little-endian; a text (BYTES) lies after its length in 4 bytes, and the
length ``MISSING`` stands for a text that is not there.
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from math import prod
from typing import Any

from modelyard.domain.predictors import DATATYPES

Buffer = bytes | bytearray | memoryview
Shape = tuple[int, ...]

MISSING = 0xFFFFFFFF

CODES = {
    "BOOL": "?",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
"""The letter of ``struct`` for each datatype but BYTES."""

RANGES = {
    name: (0, 2 ** (8 * size) - 1)
    if name.startswith("U")
    else (-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1)
    for name, size in DATATYPES.items()
    if "INT" in name and size is not None
}
"""Least and greatest value of the whole-number datatypes."""

_LENGTH = struct.Struct("<I")
_NATIVE = sys.byteorder == "little"


class BadData(Exception):
    """The bytes of a tensor are not what its datatype and shape say."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output. ``shape`` has only real sizes."""

    name: str
    datatype: str
    shape: Shape
    data: Buffer

    @property
    def count(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    def values(self) -> list[Any]:
        """All elements in row-major order; None for a missing text. Raises BadData."""
        return unpack(self.datatype, self.data, self.count)

    def nested(self) -> Any:
        """The elements as lists in lists; a bare value where there is no dimension."""
        return nest(self.values(), self.shape)


def pack(datatype: str, values: Sequence[Any]) -> bytes:
    """
    The data of values that fit the datatype.

    Raises TypeError, OverflowError, ValueError or struct.error for one that does not.
    """
    if datatype == "BYTES":
        return _pack_texts(values)
    code = CODES[datatype]
    if code in "?e" or not _NATIVE:
        return struct.pack(f"<{len(values)}{code}", *values)
    return array(code, values).tobytes()


def unpack(datatype: str, data: Buffer, count: int) -> list[Any]:
    """The values of ``count`` elements. Raises BadData when the data is not of that size."""
    if datatype == "BYTES":
        return _unpack_texts(data, count)
    code = CODES[datatype]
    if len(data) != count * struct.calcsize(f"<{code}"):
        raise BadData(f"{len(data)} bytes are not {count} elements of {datatype}")
    if code == "e" or not _NATIVE:
        return list(struct.unpack(f"<{count}{code}", data))
    view: Any = memoryview(data).cast("B")
    return view.cast(code).tolist() if count else []


def nest(values: list[Any], shape: Shape) -> Any:
    """Flat values as lists in lists."""
    if not shape:
        return values[0]
    for width in reversed(shape[1:]):
        if not width:
            return _empty(shape)
        values = [values[at : at + width] for at in range(0, len(values), width)]
    return values


def heads(tensors: Iterable[Tensor]) -> list[list[Any]]:
    """What a frame's head says of them."""
    return [[t.name, t.datatype, t.shape, len(t.data)] for t in tensors]


def joined(tensors: Sequence[Tensor]) -> Buffer:
    """Their data, one after the other; that of a single one is not copied."""
    if len(tensors) == 1:
        return tensors[0].data
    return b"".join(tensor.data for tensor in tensors)


def parted(heads: Iterable[Sequence[Any]], body: Buffer) -> list[Tensor]:
    """The tensors of a frame's head and body, without a copy. Raises BadData."""
    listed = [(str(n), str(d), tuple(map(int, s)), int(size)) for n, d, s, size in heads]
    ends = list(accumulate(size for _, _, _, size in listed))
    if ends and ends[-1] > len(body):
        raise BadData(f"the tensors have {ends[-1]} bytes, the body {len(body)}")
    view = memoryview(body)
    return [
        Tensor(name, datatype, shape, view[end - size : end])
        for (name, datatype, shape, size), end in zip(listed, ends, strict=True)
    ]


def _empty(shape: Shape) -> list[Any]:
    if len(shape) == 1:
        return []
    return [_empty(shape[1:]) for _ in range(shape[0])]


def _pack_texts(values: Sequence[Any]) -> bytes:
    pack = _LENGTH.pack
    texts = [
        None if value is None else value if isinstance(value, bytes) else value.encode()
        for value in values
    ]
    pieces = ((pack(MISSING), b"") if t is None else (pack(len(t)), t) for t in texts)
    return b"".join(chain.from_iterable(pieces))


def _unpack_texts(data: Buffer, count: int) -> list[Any]:
    texts: list[str | None] = []
    at = 0
    view = memoryview(data)
    for _ in range(count):
        if at + _LENGTH.size > len(view):
            raise BadData("the data ends within a text")
        (length,) = _LENGTH.unpack_from(view, at)
        at += _LENGTH.size
        if length == MISSING:
            texts.append(None)
            continue
        if at + length > len(view):
            raise BadData("the data ends within a text")
        texts.append(str(view[at : at + length], "utf-8", "replace"))
        at += length
    if at != len(view):
        raise BadData(f"{len(view) - at} bytes are left after {count} texts")
    return texts
