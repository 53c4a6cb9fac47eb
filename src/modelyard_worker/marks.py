"""
What each line of output belongs to, told to the front before the line itself.

A mark is ``RS token stream level GS request GS trace US``: the stream's number, the level where
the line comes from a logger, the request's id and traceparent where it is run for one. The front
knows the token by which it tells marks from a script's own bytes, and takes them out again: logs
read as if there were none. What writes to the file descriptors itself, like C code, has no marks.
"""

from __future__ import annotations

import io
import logging
import re
import sys
from contextvars import ContextVar
from functools import wraps
from typing import Any, List, Optional

from modelyard_worker import context
from modelyard_worker.context import REQUEST_ID
from modelyard_worker.logs import LOG

MOST_LINES = 1000
"""Lines of one write that are marked each; of more only the first: marks would outweigh them."""

_LEVEL = re.compile(r"[\w .-]{1,32}", re.ASCII).fullmatch
_REQUEST = re.compile(r"[!-~]{1,100}").fullmatch
_TRACE = re.compile(r"[!-~]{1,128}").fullmatch

_record: ContextVar[Optional[logging.LogRecord]] = ContextVar("modelyard_record", default=None)
_token = b""
_left: List[Any] = []
"""The streams of before: forgotten, they would close their file descriptors."""


def on() -> bool:
    """Whether the front wants to know."""
    return bool(_token)


def begin(token: str) -> None:
    """Mark lines from now on; for '' nothing is changed. Called before any code of the user."""
    global _token
    if not token or _token:
        return
    _token = token.encode("ascii")
    for name, number in (("stdout", 1), ("stderr", 2)):
        _replace(name, number)
    _tell_of_records()
    context.mark_threads()


def mark(number: int) -> bytes:
    """The mark of a line that is written now to stream ``number``."""
    record = _record.get()
    level = getattr(record, "levelname", "")
    request = getattr(record, "request_id", "") if record is not None else ""
    if not request:
        request = REQUEST_ID.single()
    trace = REQUEST_ID.trace_of(request)
    text = "%d%s\x1d%s\x1d%s" % (
        number,
        level if isinstance(level, str) and _LEVEL(level) else "",
        request if _REQUEST(request) else "",
        trace if _TRACE(trace) else "",
    )
    return b"\x1e" + _token + text.encode("ascii", "replace") + b"\x1f"


class MarkedFile(io.FileIO):
    """A file descriptor of output; what is written gets its marks."""

    def __init__(self, fd: int, number: int) -> None:
        super().__init__(fd, "wb", closefd=False)
        self._number = number
        self._fresh = True  # the next byte begins a line

    def write(self, data: Any) -> int:
        """All of it; gives its own size."""
        text = data if type(data) is bytes else memoryview(data).tobytes()
        if not text:
            return 0
        whole = text
        if self._fresh or b"\n" in text[:-1]:
            whole = self._marked(text)
        self._fresh = text.endswith(b"\n")
        view = memoryview(whole)
        while view:
            view = view[super().write(view) or 0 :]
        return len(text)

    def _marked(self, text: bytes) -> bytes:
        before = mark(self._number)
        whole = before + text if self._fresh else text
        if text.count(b"\n") > MOST_LINES:
            return whole
        return whole[:-1].replace(b"\n", b"\n" + before) + whole[-1:]


def _replace(name: str, number: int) -> None:
    """Put a marking stream in the place of sys.stdout or sys.stderr."""
    old = getattr(sys, name)
    if not hasattr(old, "fileno") or old.fileno() != number:
        return
    old.flush()
    file = MarkedFile(number, number)
    file.name = "<%s>" % name
    new: Any = io.TextIOWrapper(
        file,
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )
    new.mode = "w"
    setattr(sys, name, new)
    setattr(sys, "__%s__" % name, new)
    _left.append(old)
    handlers: List[Any] = [*logging.getLogger().handlers, *LOG.handlers]
    for handler in handlers:
        if getattr(handler, "stream", None) is old:
            handler.setStream(new)


def _tell_of_records() -> None:
    """Know of each line which log record it is of, whatever handler formats it."""
    handle = logging.Handler.handle

    @wraps(handle)
    def handle_known(self: logging.Handler, record: logging.LogRecord) -> Any:
        before = _record.set(record)
        try:
            return handle(self, record)
        finally:
            _record.reset(before)

    logging.Handler.handle = handle_known  # type: ignore[method-assign]
