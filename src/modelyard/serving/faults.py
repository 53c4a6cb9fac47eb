"""What is said of a worker that could not start."""

from typing import Any

from modelyard.serving.nursery import TEMPLATE


def name(number: int) -> str:
    """What the log calls the process in a place."""
    return "template" if number == TEMPLATE else f"worker {number}"


def not_started(error: OSError, *, forked: bool) -> dict[str, Any]:
    """There is no process at all."""
    hint = "Build the environment again: its interpreter or the source folder is missing."
    return _fault(type(error).__name__, str(error), None if forked else hint)


def silent(how: str, *, too_slow: bool) -> dict[str, Any]:
    """It ended before it was ready and said nothing of why."""
    type_ = "InitTimeout" if too_slow else "WorkerCrashed"
    return _fault(type_, f"The worker {how} before it was ready.", None)


def _fault(type_: str, message: str, hint: str | None) -> dict[str, Any]:
    empty = {"file": None, "line": None, "traceback": None}
    return {"phase": "start", "type": type_, "message": message, **empty, "hint": hint}
