"""What is told of two answers: the event of their comparison."""

import asyncio

from modelyard.domain.shadows import COMPARED
from modelyard.serving.shadow_compare import Difference, compare, text
from modelyard.serving.shadow_copy import Answered, Copy
from modelyard.telemetry.records import Event

ANSWER_LIMIT = 256 * 1024
"""Bytes of an answer that are compared at most: to read it takes about a millisecond."""

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


def _error(answer: Answered) -> str:
    """Only errors are told: an answer that is none holds a caller's data, and is whole."""
    return text(answer.body) if answer.status >= 400 else ""
