"""
Rows of numbers straight out of JSON, which is what most bodies are.

Only what is right in every way is taken here; None sends the body to ``from_json``, which takes
more and knows how to say what is wrong. Large bodies are read by simdjson where its wheel is
installed: it hands over the numbers without making an object of each
(docs/reference/benchmarks.md).
"""

import functools
import importlib
from array import array
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec

from modelyard.serving.tensors.tensor import CODES, Buffer

LARGE = 16 * 1024
"""Bytes of body from which simdjson is asked; below there is nothing to gain."""

WIDEST = 4096
KEYS = ("data", "input_data", "instances", "inputs")


@dataclass(frozen=True, slots=True)
class Numbers:
    """``count`` rows under ``key``; ``values`` (array or memoryview) holds them as float64."""

    key: str
    method: str | None
    count: int
    values: Any


class NumberReader:
    """Reads rows of ``width`` numbers; ``width`` None takes whatever the first row has."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._decode = msgspec.json.Decoder(_body_of(width)).decode

    def read(self, body: Buffer) -> Numbers | None:
        """The rows, or None when the body is anything else."""
        if len(body) >= LARGE:
            simdjson = _simdjson()
            if simdjson is not None:
                return _read_large(simdjson, body, self._width)
        try:
            found: Any = self._decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        given = [key for key in KEYS if getattr(found, key)]
        if len(given) != 1:
            return None
        rows = getattr(found, given[0])
        values = array("d", list(chain.from_iterable(rows)))
        return Numbers(given[0], found.method, len(rows), values)


def flat(body: Buffer, datatype: str) -> Any:
    """The data of a flat list of numbers in FP64 or INT64; None for anything else."""
    code = CODES[datatype]
    simdjson = _simdjson() if len(body) >= LARGE else None
    try:
        if simdjson is None:
            return array(code, _FLAT[datatype](body)).tobytes()
        document = simdjson.Parser().parse(bytes(body))
        if not isinstance(document, simdjson.Array) or bytes(body).count(b"[") != 1:
            return None
        return memoryview(document.as_buffer(of_type="i" if code == "q" else "d")).cast("B")
    except (msgspec.DecodeError, OverflowError, RecursionError, *_REFUSALS):
        return None


_FLAT: dict[str, Any] = {
    "FP64": msgspec.json.Decoder(list[float]).decode,
    "INT64": msgspec.json.Decoder(list[int]).decode,
}
_REFUSALS = (ValueError, TypeError, RuntimeError, KeyError)
"""What simdjson raises for what it does not take: broken JSON, other types, too large numbers."""


def _read_large(simdjson: Any, body: Buffer, width: int) -> Numbers | None:
    try:
        document = simdjson.Parser().parse(body)
        keys = list(document.keys())
        given = [key for key in keys if key in KEYS]
        if len(given) != 1 or len(keys) != 1 + ("method" in keys):
            return None
        method = document["method"] if "method" in keys else None
        rows = document[given[0]]
        count = len(rows)
        # numbers only, so that brackets are rows
        plain = bytes(body).count(b"[") == count + 1
        if not plain or {len(row) for row in rows} != {width}:
            return None
        values = memoryview(rows.as_buffer(of_type="d")).cast("B").cast("d")
    except (AttributeError, *_REFUSALS):
        return None
    if len(values) != count * width or not isinstance(method, str | None):
        return None
    return Numbers(given[0], method, count, values)


@functools.cache
def _simdjson() -> Any:
    """The module, loaded when the first large body comes; None where it is not installed."""
    try:
        return importlib.import_module("simdjson")
    except ImportError:
        return None


def _body_of(width: int) -> type[msgspec.Struct]:
    row: Any = tuple.__class_getitem__((float,) * width)
    fields: list[tuple[str, Any, Any]] = [(key, list.__class_getitem__(row), []) for key in KEYS]
    fields.append(("method", str | None, None))
    return msgspec.defstruct("Body", fields, forbid_unknown_fields=True)
