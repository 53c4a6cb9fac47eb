"""The request that is being run, for log lines and what scripts report."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from functools import wraps
from typing import Any

_id: ContextVar[str] = ContextVar("modelyard_request_id", default="")
_STARTED_IN = "_modelyard_request_id"


class Current:
    """
    ``x-request-id`` of the request that run() has; '' outside of one.

    It is seen in run() itself and in the tasks that it makes. ``running`` is the one that the
    main thread has now, whoever asks, and ``trace`` the traceparent that it came with.
    """

    def __init__(self) -> None:
        self.running = ""
        self.trace = ""

    def set(self, request_id: str, trace: str = "") -> None:
        """In the main thread: run() begins with this request, '' when it has ended."""
        _id.set(request_id)
        self.running = request_id
        self.trace = trace

    def get(self) -> str:
        """As ``set``: of several that are run at once the first and how many more there are."""
        return _id.get()

    def single(self) -> str:
        """
        The id of the one request that this code runs for; '' where there is none, or several.

        A thread belongs to the request whose run() started it, until that is answered.
        """
        found = _id.get()
        if not found:
            found = getattr(threading.current_thread(), _STARTED_IN, "")
            if found != self.running:
                return ""
        return "" if " " in found else found

    def trace_of(self, request_id: str) -> str:
        """The traceparent of this request, while it is run."""
        return self.trace if request_id and request_id == self.running else ""


REQUEST_ID = Current()
"""The one of this process."""


def mark_threads() -> None:
    """Have threads know from now on which request's run() started them."""
    start = threading.Thread.start

    @wraps(start)
    def start_for_request(self: Any) -> None:
        setattr(self, _STARTED_IN, REQUEST_ID.get())
        start(self)

    threading.Thread.start = start_for_request  # type: ignore[method-assign]
