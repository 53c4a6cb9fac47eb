"""Application Insights' way of writing moments, durations and levels."""

import re
from datetime import UTC, datetime
from typing import Any

from modelyard.collector.intake import number

_DURATION = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)")
_LEVELS = ("verbose", "information", "warning", "error", "critical")


class Wrong(Exception):
    """A field that cannot be taken; the message names it."""


def moment(value: Any) -> float | None:
    """Seconds since the epoch; None where there is none. Raises Wrong."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError) as error:
        raise Wrong(f"time: {value!r:.60} is no moment like 2026-01-31T12:00:00.000Z") from error


def milliseconds(value: Any, where: str) -> float | None:
    """Of 'd.hh:mm:ss.fff', or a number of milliseconds. Raises Wrong."""
    if value is None:
        return None
    plain = number(value)
    if plain is not None:
        return plain
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Wrong(f"{where}: {value!r:.60} is no duration like 00:00:01.500")
    days, hours, minutes, seconds = match.groups()
    whole = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60
    return (whole + float(seconds)) * 1000


def severity(value: Any) -> int | None:
    """0 verbose to 4 critical; None where nothing says."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 4:
        return value
    if isinstance(value, str) and value.lower() in _LEVELS:
        return _LEVELS.index(value.lower())
    return None


def yes(value: Any) -> bool | None:
    """A boolean, as itself or as text; None where there is none."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def text(value: Any) -> str | None:
    """As text; None where there is none."""
    return None if value is None or value == "" else str(value)
