"""
How much two answers differ. Pure.

The work comes in slices (the generators yield between them), so that an event loop can do
something else in between.
"""

import codecs
import json
import math
from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

EXCERPT = 200
"""Characters of an answer that are told at most, and of the path to them."""

SLICE = 500
"""Values that are compared in one go."""

Slices = Generator[None, None, "Difference"]
Place = tuple["Place | None", str | int] | None
Pairs = Iterator[tuple[str | int, Any, Any]]


@dataclass(frozen=True, slots=True)
class Difference:
    """
    ``size`` is the largest relative difference of two numbers: |a - b| / max(|a|, |b|), so 0.0 of
    equal ones and 2.0 at most; None where the answers differ otherwise. ``path`` says where, like
    ``$.prices[3]``; ``served`` and ``shadow`` are what stands there, cut to 200 characters.
    """

    size: float | None
    path: str = ""
    served: str = ""
    shadow: str = ""


EQUAL = Difference(0.0)

_ABSENT = object()
_decoder = codecs.getincrementaldecoder("utf-8")


def compare(
    served: bytes, shadow: bytes, *, as_json: bool, ignored: Collection[str] = ()
) -> Slices:
    """
    How two bodies differ: as JSON where both can be read as it, else by their bytes.

    ``ignored`` are names of the outermost object that do not count.
    """
    if served == shadow:
        return EQUAL
    if as_json:
        try:
            one, other = _read(served), _read(shadow)
        except (ValueError, RecursionError):
            pass  # no JSON after all
        else:
            return (yield from compare_values(_without(one, ignored), _without(other, ignored)))
    return Difference(None, "", text(served), text(shadow))


def compare_values(served: Any, shadow: Any) -> Slices:
    """How two values of JSON differ; of several differences in numbers the largest is told."""
    worst = 0.0
    place: Place = None
    pair = (served, shadow)
    stack: list[tuple[Place, Pairs]] = [(None, iter((("", served, shadow),)))]
    count = 0
    while stack:
        above, pairs = stack[-1]
        for key, one, other in pairs:
            count += 1
            if count % SLICE == 0:
                yield
            here: Place = (above, key) if len(stack) > 1 else None
            inner = _inside(one, other)
            if inner is not None:
                stack.append((here, inner))
                break
            size = _leaf(one, other)
            if size is None:
                return _told(None, here, one, other)
            if size > worst:
                worst, pair, place = size, (one, other), here
        else:
            stack.pop()
    return _told(worst, place, *pair) if worst else EQUAL


def _inside(one: Any, other: Any) -> Pairs | None:
    """The pairs within two objects of the same names or two lists of the same length."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return ((key, value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return ((at, *both) for at, both in enumerate(zip(one, other, strict=True)))
    return None


def _leaf(one: Any, other: Any) -> float | None:
    if isinstance(one, bool) or isinstance(other, bool):
        return 0.0 if one is other else None
    if isinstance(one, int | float) and isinstance(other, int | float):
        return _relative(one, other)
    return 0.0 if one == other else None


def _relative(one: float, other: float) -> float | None:
    if one == other:
        return 0.0
    for number in (one, other):
        if isinstance(number, float) and not math.isfinite(number):
            return 0.0 if one != one and other != other else None
    try:
        if isinstance(one, int) and isinstance(other, int):
            return abs(one - other) / max(abs(one), abs(other))
        scale = max(abs(one), abs(other))
        return abs(one / scale - other / scale)  # their difference alone may be out of range
    except OverflowError:  # an integer that no float can hold, beside a float
        return None


def _told(size: float | None, place: Place, one: Any, other: Any) -> Difference:
    if isinstance(one, dict) and isinstance(other, dict):
        key = min(one.keys() ^ other.keys())  # a name that only one of them has
        return Difference(
            size,
            _path((place, key)),
            _excerpt(one.get(key, _ABSENT)),
            _excerpt(other.get(key, _ABSENT)),
        )
    if isinstance(one, list) and isinstance(other, list):
        told = (f"{len(one)} values", f"{len(other)} values")
        return Difference(size, _path(place), *told)
    return Difference(size, _path(place), _excerpt(one), _excerpt(other))


def _path(place: Place) -> str:
    steps = []
    while place is not None:
        place, key = place
        steps.append(f"[{key}]" if isinstance(key, int) else f".{key}")
    return cut("$" + "".join(reversed(steps)))


def _excerpt(value: Any) -> str:
    if value is _ABSENT:
        return ""
    try:
        return cut(json.dumps(value, ensure_ascii=False))
    except (ValueError, RecursionError):
        return f"a {type(value).__name__}"


def text(body: bytes) -> str:
    """The beginning of a body; of what is no text its size."""
    try:
        return cut(_decoder().decode(body[: 4 * EXCERPT]))  # it may end within a character
    except UnicodeDecodeError:
        return f"{len(body)} bytes"


def cut(words: str) -> str:
    """As much of it as may be told."""
    clean = words.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be sent
    return clean if len(clean) <= EXCERPT else clean[: EXCERPT - 1] + "…"


def _read(body: bytes) -> Any:
    """Raises ValueError, RecursionError."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return json.loads(body)  # it knows NaN and Infinity as well


def _without(value: Any, ignored: Collection[str]) -> Any:
    if not ignored or not isinstance(value, dict):
        return value
    return {key: inner for key, inner in value.items() if key not in ignored}
