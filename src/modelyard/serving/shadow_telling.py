"""What is told of two answers: the event of their comparison."""

import asyncio
import re
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from modelyard.domain.shadows import COMPARED
from modelyard.serving.shadow_compare import Difference, compare, text
from modelyard.serving.shadow_copy import Answered, Copy
from modelyard.telemetry.records import Event

ANSWER_LIMIT = 256 * 1024
"""Bytes of an answer that are compared at most: to read it takes about a millisecond."""

_VALUES = ("served_value", "shadow_value")
_STEPS = re.compile(r"[^$.\[\]]+")

Tell = Callable[[Event], object]

_V2 = "/v2/"
_NAMES = frozenset(("id", "model_name", "model_version"))
"""What an answer of the Open Inference Protocol says of itself: each version has its own."""


async def differ(path: str, served: Answered, shadow: Answered) -> Difference:
    """How they differ; callers are served in between."""
    if served.status != shadow.status:
        return Difference(None, "", _error(served), _error(shadow))
    slices = compare(
        served.body,
        shadow.body,
        as_json=served.is_json and shadow.is_json,
        ignored=_NAMES if path.startswith(_V2) else (),
    )
    while True:
        try:
            next(slices)
        except StopIteration as end:
            found: Difference = end.value
            return found
        await asyncio.sleep(0)


def compared(
    names: tuple[str, str],
    copy: Copy,
    served: Answered,
    shadow: Answered,
    took: float,
    difference: Difference,
) -> Event:
    """
    The event: of ``names`` the first is the version that served, the second the shadow; ``took``
    is how long the shadow did, in milliseconds. Where the answers differ otherwise than in
    numbers it has no ``difference``.
    """
    dimensions = {
        "served": names[0],
        "shadow": names[1],
        "served_status": str(served.status),
        "shadow_status": str(shadow.status),
    }
    told = {
        "path": difference.path,
        "served_value": difference.served,
        "shadow_value": difference.shadow,
    }
    measured = {
        "equal": 1.0 if difference.size == 0 else 0.0,
        "difference": difference.size,
        "served_ms": copy.took,
        "shadow_ms": took,
        "served_run_ms": served.run_ms,
        "shadow_run_ms": shadow.run_ms,
        "served_error": float(served.failed),
        "shadow_error": float(shadow.failed),
    }
    return Event(
        copy.time,
        COMPARED,
        dimensions | {name: value for name, value in told.items() if value},
        {name: value for name, value in measured.items() if value is not None},
        copy.id.decode("latin-1"),
    )


def discreet(tell: Tell | None, columns: Mapping[str, str]) -> Tell | None:
    """
    The same without values that must not be written down: ``columns`` are the policies by which
    the service's data is collected. Of a column that is dropped or hashed no value is told, nor
    of anything that may hold one; where and how much answers differ is told of all.
    """
    if tell is None or not any(policy != "keep" for policy in columns.values()):
        return tell

    def told(event: Event) -> object:
        if event.name == COMPARED and not _may_be_told(event.dimensions, columns):
            kept = {k: v for k, v in event.dimensions.items() if k not in _VALUES}
            event = replace(event, dimensions=kept)
        return tell(event)

    return told


def _may_be_told(told: Mapping[str, str], columns: Mapping[str, str]) -> bool:
    if told["served_status"] != told["shadow_status"]:
        return True  # errors
    path = told.get("path", "")
    if not path or any(told.get(value, "")[:1] in {"{", "["} for value in _VALUES):
        return False
    policies = [columns[name] for name in _STEPS.findall(path) if name in columns]
    return set(policies or [columns.get("*", "keep")]) == {"keep"}


def _error(answer: Answered) -> str:
    """Only errors are told: an answer that is none holds a caller's data, and is whole."""
    return text(answer.body) if answer.status >= 400 else ""
