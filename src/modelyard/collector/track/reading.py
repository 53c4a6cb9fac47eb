"""From a body to envelopes: a JSON array, or an object a line."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

MOST = 64_000
"""Envelopes in one body."""

_MOST_OBJECTS = 16 * MOST
"""Braces that open in one body: an envelope has about four."""


@dataclass(frozen=True, slots=True)
class Item:
    """One envelope, or why it is none."""

    index: int
    envelope: Any = None
    problem: str = ""


class Malformed(Exception):
    """The body as a whole cannot be read; says where."""


def read(body: bytes) -> list[Item]:
    """The envelopes in order. Raises Malformed."""
    text = body.strip().removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise Malformed("The body is empty; it must be an array of envelopes, or one a line.")
    if text.startswith(b"["):
        if text.count(b"{") > _MOST_OBJECTS:  # said before they take a gigabyte of memory
            raise Malformed(f"The body has more than {_MOST_OBJECTS} objects.")
        found = _decode(text)
        if len(found) > MOST:
            raise _too_many()
        return [Item(index, envelope) for index, envelope in enumerate(found)]
    return _lines(text)


def _too_many() -> Malformed:
    return Malformed(f"The body has more than {MOST} envelopes, which are the most.")


def _lines(text: bytes) -> list[Item]:
    try:
        return [Item(0, _decode(text))]  # one object, maybe over several lines
    except Malformed:
        pass
    items: list[Item] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if len(items) == MOST:
            raise _too_many()
        try:
            items.append(Item(len(items), _decode(line)))
        except Malformed as error:
            items.append(Item(len(items), problem=f"Line {number}: {error}"))
    return items


def _decode(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        problem = str(error)
    # Python's own encoder writes NaN and Infinity, which are no JSON: that is for the one metric
    # that has it to pay for, not for all that came with it
    if b"NaN" in text or b"Infinity" in text:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            problem = str(error)
    raise Malformed(problem)
