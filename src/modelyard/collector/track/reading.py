"""From a body to envelopes: a JSON array, or an object a line."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

MOST = 64_000
"""Envelopes in one body."""


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
        found = _decode(text)
        items = [Item(index, envelope) for index, envelope in enumerate(found)]
    else:
        items = _lines(text)
    if len(items) > MOST:
        raise Malformed(f"The body has {len(items)} envelopes, {MOST} are the most.")
    return items


def _lines(text: bytes) -> list[Item]:
    try:
        return [Item(0, _decode(text))]  # one object, maybe over several lines
    except Malformed:
        pass
    items: list[Item] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
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
