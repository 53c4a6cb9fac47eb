"""Times and spans as callers write them. Pure."""

import math
import re
from datetime import UTC, datetime

from modelyard.domain.errors import BadInput

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)?")


def span(text: str, name: str) -> float:
    """Seconds: '90', '1m', '1.5h', '7d'. Raises BadInput naming the field."""
    found = _SPAN.fullmatch(text.strip())
    seconds = float(found[1]) * _UNITS[found[2] or "s"] if found else 0.0
    if not 0 < seconds <= 36_500 * 86_400:
        raise BadInput(f"{name}={text!r} must be a span of time like 30s, 15m, 1h or 7d.")
    return seconds


def moment(text: str, name: str, now: float) -> float:
    """
    Seconds since the epoch: a span back from now ('1h'), or a time in ISO 8601, UTC where it has
    no zone. Raises BadInput naming the field.
    """
    text = text.strip()
    if _SPAN.fullmatch(text):
        return now - span(text, name)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{name}={text!r} must be a span of time like 1h, or a time like 2026-11-22T12:00:00Z."
        ) from None
    found = time.replace(tzinfo=time.tzinfo or UTC).timestamp()
    if not math.isfinite(found):
        raise BadInput(f"{name}={text!r} is no time.")
    return found


def naive(seconds: float) -> datetime:
    """The time as the tables hold it: UTC, without a zone."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def aware(time: datetime) -> datetime:
    """A time of the tables, with its zone."""
    return time.replace(tzinfo=UTC)
