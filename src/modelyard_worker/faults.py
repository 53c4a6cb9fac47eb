"""Exceptions of user code, told with file and line of the user's own script."""

from __future__ import annotations

import os
import traceback
from types import TracebackType
from typing import Any, Dict, Optional, Tuple

from modelyard_worker.hints import hint_for

_OURS = os.path.dirname(os.path.abspath(__file__))
_TOLD = 8192
"""Characters of a message that the front is told, and an eighth of those of a traceback."""


def describe(error: BaseException, phase: str, source: str) -> Dict[str, Any]:
    """The head of a FAULT frame; ``source`` is the folder of the user's code."""
    file, line = place_of(error, source)
    return {
        "phase": phase,
        "type": type(error).__name__,
        "message": message_of(error),
        "file": file,
        "line": line,
        "function": function_of(error, source),
        "traceback": traceback_of(error),
        "hint": hint_for(error),
    }


def message_of(error: BaseException) -> str:
    """What the error says; never empty."""
    if isinstance(error, SystemExit):
        return "the script called sys.exit(%s)" % ("" if error.code is None else error.code)
    try:
        text = str(error)
    except Exception:  # a script's exception may fail to print itself
        text = ""
    return text or type(error).__name__


def place_of(error: BaseException, source: str) -> Tuple[Optional[str], Optional[int]]:
    """File (relative to ``source``) and line of the deepest frame of the user's own code."""
    root = os.path.abspath(source) + os.sep
    if isinstance(error, SyntaxError) and error.filename:
        path = os.path.abspath(error.filename)
        if path.startswith(root):
            return path[len(root) :], error.lineno
    place: Tuple[Optional[str], Optional[int]] = (None, None)
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = os.path.abspath(frame.f_code.co_filename)
        if path.startswith(root) and "site-packages" not in path[len(root) :]:
            place = (path[len(root) :], line)
    return place


def traceback_of(error: BaseException) -> str:
    """The traceback, beginning with the first frame that is not the worker's."""
    first = _without_ours(error.__traceback__)
    if first is error.__traceback__ and isinstance(error, SyntaxError):
        first = None  # no line of the script ran; the error itself shows the place
    return "".join(traceback.format_exception(type(error), error, first))


def _without_ours(start: Optional[TracebackType]) -> Optional[TracebackType]:
    at = start
    while at is not None:
        path = at.tb_frame.f_code.co_filename
        if os.path.dirname(os.path.abspath(path)) != _OURS and "importlib" not in path:
            return at
        at = at.tb_next
    return start


def told(error: BaseException, request_id: str, source: str, trace: str = "") -> Dict[str, Any]:
    """The head of a FAULT frame that tells of an exception of run(), for the front's telemetry."""
    file, line = place_of(error, source)
    return {
        "phase": "run",
        "type": type(error).__name__,
        "message": message_of(error)[:_TOLD],
        "file": file,
        "line": line,
        "function": function_of(error, source),
        "traceback": traceback_of(error)[-8 * _TOLD :],
        "request": "" if " " in request_id else request_id,
        "trace": trace,
    }


def function_of(error: BaseException, source: str) -> Optional[str]:
    """The function of ``place_of``; None where no code of the user ran."""
    root = os.path.abspath(source) + os.sep
    name = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        path = os.path.abspath(frame.f_code.co_filename)
        if path.startswith(root) and "site-packages" not in path[len(root) :]:
            name = frame.f_code.co_name
    return name


def one_line(error: BaseException, source: str) -> str:
    """``ValueError: too many rooms (score.py, line 12)``."""
    file, line = place_of(error, source)
    where = " (%s, line %s)" % (file, line) if file else ""
    if isinstance(error, SystemExit):
        return "run() called sys.exit(%s)%s" % ("" if error.code is None else error.code, where)
    return "run() raised %s: %s%s" % (type(error).__name__, message_of(error), where)
