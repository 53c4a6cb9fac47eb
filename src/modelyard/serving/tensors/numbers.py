"""
Rows of numbers straight out of JSON, which is what most bodies are.

Only what is right in every way is taken here; None sends the body to ``from_json``, which takes
more and knows how to say what is wrong. Bodies are read by a module in C where it could be built
(``native/``): it writes the numbers to where the worker takes them, without an object for each.
Elsewhere msgspec does it (docs/decisions/0006-numbers-in-c.md).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec

from modelyard.serving.tensors import powers
from modelyard.serving.tensors.tensor import CODES, Buffer, pack

try:
    from modelyard.serving.tensors import _json_numbers as native
except ImportError:  # no compiler where it was installed
    native = None  # type: ignore[assignment]
else:
    native.prepare(powers.table())

WIDEST = 4096
KEYS = ("data", "input_data", "instances", "inputs")


@dataclass(slots=True)
class Numbers:
    """``count`` rows under ``key``; ``data`` are the bytes of their numbers as float64."""

    key: str
    method: str | None
    count: int
    data: Buffer


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
        self._names = tuple(key.encode() for key in keys)

    def read(self, body: Buffer) -> Numbers | None:
        """The rows, or None when the body is anything else."""
        if native is None:
            return self.read_slowly(body)
        found = native.rows(body, self._names, self._method, self._width)
        if found is None:
            return None
        key, method, count, data = found
        return Numbers(self._keys[key], method, count, data)

    def read_slowly(self, body: Buffer) -> Numbers | None:
        """The same without the module in C."""
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


def flat(body: Buffer, datatype: str) -> Buffer | None:
    """The data of a flat list of numbers in FP64, FP32 or INT64; None for anything else."""
    return flat_slowly(body, datatype) if native is None else native.flat(body, CODES[datatype])


def flat_slowly(body: Buffer, datatype: str) -> Buffer | None:
    """The same without the module in C."""
    try:
        return pack(datatype, FLAT[datatype](body))
    except (msgspec.DecodeError, OverflowError, RecursionError):
        return None


FLAT: dict[str, Any] = {
    "FP32": msgspec.json.Decoder(list[float]).decode,
    "FP64": msgspec.json.Decoder(list[float]).decode,
    "INT64": msgspec.json.Decoder(list[int]).decode,
}
"""What ``flat`` reads."""


def _body_of(width: int, keys: Sequence[str], method: bool) -> type[msgspec.Struct]:
    row: Any = tuple.__class_getitem__((float,) * width)
    rows = list.__class_getitem__(row)
    fields: list[tuple[str, Any, Any]] = [(key, rows, None) for key in keys]
    if method:
        fields.append(("method", str | None, None))
    return msgspec.defstruct("Body", fields, forbid_unknown_fields=True)
