"""
Rows of numbers straight out of JSON, which is what most bodies are.

Only what is right in every way is taken here; None sends the body to ``from_json``, which takes
more and knows how to say what is wrong. Large bodies are read by simdjson where its wheel is
installed: it hands over the numbers without making an object of each
(docs/reference/benchmarks.md).
"""

import functools
import importlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec

from modelyard.serving.tensors.tensor import Buffer, pack

LARGE = 16 * 1024
"""Bytes of body from which simdjson is asked; below there is nothing to gain."""

WIDEST = 4096
KEYS = ("data", "input_data", "instances", "inputs")


@dataclass(slots=True)
class Numbers:
    """``count`` rows under ``key``; ``data`` are the bytes of their numbers as float64."""

    key: str
    method: str | None
    count: int
    data: bytes | memoryview


class NumberReader:
    """
    Reads rows of ``width`` numbers under one of ``keys``; a ``method`` beside them is theirs, who
    have several.
    """

    def __init__(self, width: int, keys: Sequence[str] = KEYS) -> None:
        self._width = width
        self._keys = keys
        self._method = len(keys) > 1
        self._decode = msgspec.json.Decoder(_body_of(width, keys, self._method)).decode
        self._pack_row = struct.Struct(f"<{width}d").pack

    def read(self, body: Buffer) -> Numbers | None:
        """The rows, or None when the body is anything else."""
        if len(body) >= LARGE:
            simdjson = _simdjson()
            if simdjson is not None:
                return self._read_large(simdjson, bytes(body))
        try:
            found: Any = self._decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        given = [key for key in self._keys if getattr(found, key) is not None]
        if len(given) != 1:
            return None
        rows = getattr(found, given[0])
        if not rows:
            return None
        method = found.method if self._method else None
        if len(rows) == 1:
            return Numbers(given[0], method, 1, self._pack_row(*rows[0]))
        data = pack("FP64", list(chain.from_iterable(rows)))
        return Numbers(given[0], method, len(rows), data)

    def _read_large(self, simdjson: Any, body: bytes) -> Numbers | None:
        if body.startswith(_BYTE_ORDER):
            return None  # simdjson would skip what is refused before a small body
        try:
            document = simdjson.Parser().parse(body)
            keys = list(document.keys())
            given = [key for key in keys if key in self._keys]
            asked = self._method and "method" in keys
            if len(given) != 1 or len(keys) != 1 + asked:
                return None
            method = document["method"] if asked else None
            rows = document[given[0]]
            count = len(rows)
            if not count or not _is_matrix(body, count, self._width):
                return None
            data = memoryview(rows.as_buffer(of_type="d")).cast("B")
        except (AttributeError, *_REFUSALS):
            return None
        if len(data) != 8 * count * self._width or not isinstance(method, str | None):
            return None
        return Numbers(given[0], method, count, data)


def flat(body: Buffer, datatype: str) -> Buffer | None:
    """The data of a flat list of numbers in FP64, FP32 or INT64; None for anything else."""
    simdjson = _simdjson() if len(body) >= LARGE else None
    try:
        if simdjson is None:
            return pack(datatype, FLAT[datatype](body))
        body = bytes(body)
        if body.find(b"[", body.find(b"[") + 1) >= 0:
            return None
        numbers = simdjson.Parser().parse(body)
        found = memoryview(numbers.as_buffer(of_type="i" if datatype == "INT64" else "d"))
        if datatype == "FP32":
            return pack(datatype, found.cast("B").cast("d").tolist())
        return found.cast("B")
    except (msgspec.DecodeError, OverflowError, RecursionError, AttributeError, *_REFUSALS):
        return None


FLAT: dict[str, Any] = {
    "FP32": msgspec.json.Decoder(list[float]).decode,
    "FP64": msgspec.json.Decoder(list[float]).decode,
    "INT64": msgspec.json.Decoder(list[int]).decode,
}
"""What ``flat`` reads."""

_BYTE_ORDER = b"\xef\xbb\xbf"
_OF_NUMBERS = b"0123456789+-.eE \t\r\n"
_REFUSALS = (ValueError, TypeError, RuntimeError, KeyError)
"""What simdjson raises for what it does not take: broken JSON, other types, too large numbers."""


def _is_matrix(body: bytes, count: int, width: int) -> bool:
    """
    Whether the first brackets of good JSON hold so many lists of so many values, and are all there
    are.

    Told by what is left without numbers and spaces: half the time of asking each row's length.
    """
    bare = body.translate(None, _OF_NUMBERS)
    row = b"[%b]" % (b"," * (width - 1))
    start = bare.find(b"[")
    if len(bare) - start < count * (len(row) + 1) + 1:
        return False  # a list of numbers: so many rows may be a thousand times its size
    rows = b"[%b%b]" % ((row + b",") * (count - 1), row)
    return bare.startswith(rows, start) and bare.find(b"[", start + len(rows)) < 0


@functools.cache
def _simdjson() -> Any:
    """The module, loaded when the first large body comes; None where it is not installed."""
    try:
        return importlib.import_module("simdjson")
    except ImportError:
        return None


def _body_of(width: int, keys: Sequence[str], method: bool) -> type[msgspec.Struct]:
    row: Any = tuple.__class_getitem__((float,) * width)
    rows = list.__class_getitem__(row)
    fields: list[tuple[str, Any, Any]] = [(key, rows, None) for key in keys]
    if method:
        fields.append(("method", str | None, None))
    return msgspec.defstruct("Body", fields, forbid_unknown_fields=True)
