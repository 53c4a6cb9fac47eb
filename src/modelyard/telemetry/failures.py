"""Records of exceptions: from what a worker or a job told of one, or from one of our own."""

import traceback
from collections.abc import Mapping
from typing import Any

from modelyard.telemetry.records import Failure


def of_fault(fault: Mapping[str, Any], time: float) -> Failure:
    """
    Of what the process of a user's code told: type, message, file, line, function, traceback.

    Whatever is in it, nothing is raised; what is too long loses its middle.
    """
    line = fault.get("line")
    return Failure(
        time,
        _text(fault, "type", 256) or "Exception",
        _text(fault, "message", 8192),
        _text(fault, "file", 1024),
        line if type(line) is int and 0 <= line < 1 << 31 else 0,
        _text(fault, "function", 256),
        _text(fault, "traceback", 64 * 1024),
        _text(fault, "request", 100),
        _text(fault, "trace", 128),
    )


def of_exception(error: BaseException, time: float, request: str = "") -> Failure:
    """Of an exception in this process, at the place where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = frames[-1] if frames else None
    told = {
        "type": type(error).__name__,
        "message": str(error),
        "file": place.filename if place else "",
        "line": place.lineno if place else 0,
        "function": place.name if place else "",
        "traceback": "".join(traceback.format_exception(error)),
        "request": request,
    }
    return of_fault(told, time)


def _text(fault: Mapping[str, Any], name: str, limit: int) -> str:
    value = fault.get(name)
    if not isinstance(value, str):
        return ""
    # there may be what is no text, half a surrogate pair for example
    value = value.encode("utf-8", "backslashreplace").decode()
    if len(value) <= limit:
        return value
    half = limit // 2 - 1
    return f"{value[:half]}…{value[-half:]}"
