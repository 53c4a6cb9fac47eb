"""
The JSON of an inference request, its long lists of numbers read apart from the rest.

Pure: bytes in, values out; every error is a refusal.
"""

import re
import secrets
from math import prod
from typing import Any

import msgspec

from modelyard.domain.predictors import DATATYPES
from modelyard.serving.tensors import numbers
from modelyard.serving.tensors.fields import unreadable
from modelyard.serving.tensors.from_json import decoded
from modelyard.serving.tensors.tensor import Buffer

MOST_DIMENSIONS = 32

LONG = 16 * 1024
"""Bytes of text from which a list of numbers is read by itself."""

_DATA = re.compile(rb'"data"\s*:\s*\[').search
_MARK = secrets.token_hex(16).encode()

Lists = dict[bytes, Buffer]
"""The numbers of long lists, by what stands for them in ``Input.data``."""


class Input(msgspec.Struct):
    """One input; ``data`` as it is written."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] = {}
    data: msgspec.Raw = msgspec.Raw(b"")


class Wanted(msgspec.Struct):
    """An output that is asked for."""

    name: str
    parameters: dict[str, Any] = {}


class Body(msgspec.Struct):
    """The request, its tensors not read yet."""

    inputs: list[Input]
    id: str = ""
    parameters: dict[str, Any] = {}
    outputs: list[Wanted] = []


_decode = msgspec.json.Decoder(Body).decode


def body_of(text: Buffer) -> tuple[Body, Lists]:
    """The request, and the data of those of its inputs that are in the lists."""
    return _read_apart(text) or (_read_whole(text), {})


def _read_whole(text: Buffer) -> Body:
    try:
        return _decode(text)
    except msgspec.ValidationError as error:
        raise unreadable(f"The inference request is wrong: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        decoded(text)  # says what is wrong with the JSON
        raise unreadable("The inference request cannot be read.") from None


def _read_apart(text: Buffer) -> tuple[Body, Lists] | None:
    """
    The same where its long lists of numbers can be read by themselves, which is far quicker; their
    data by what stands for them. None where anything else is in them, or in other places.
    """
    short, cut = _cut(text)
    if not cut:
        return None
    try:
        asked = _decode(short)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    lists: Lists = {}
    for given in asked.inputs:
        mark = bytes(given.data)
        if len(given.shape) > MOST_DIMENSIONS:
            return None  # multiplying them may take hours
        if mark in cut and given.datatype in numbers.FLAT:
            data = numbers.flat(cut.pop(mark), given.datatype)
            if data is None or len(data) != prod(given.shape) * (DATATYPES[given.datatype] or 0):
                return None
            lists[mark] = data
    return None if cut else (asked, lists)


def _cut(text: Buffer) -> tuple[bytes, dict[bytes, memoryview]]:
    """The JSON with texts that nobody else can know in place of its long lists, and those."""
    if len(text) < LONG:
        return b"", {}
    body, view = bytes(text) if isinstance(text, memoryview) else text, memoryview(text)
    pieces: list[bytes | bytearray] = []
    cut: dict[bytes, memoryview] = {}
    at = 0
    while found := _DATA(body, at):
        start, end = found.end() - 1, body.find(b"]", found.end()) + 1
        if not end:
            break
        pieces.append(body[at:start])
        if end - start < LONG:
            pieces.append(body[start:end])
        else:
            mark = b'"%b %d"' % (_MARK, len(cut))
            pieces.append(mark)
            cut[mark] = view[start:end]
        at = end
    return b"".join((*pieces, body[at:])), cut
