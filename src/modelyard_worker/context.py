"""The request that is being run, for log lines."""

from __future__ import annotations

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("modelyard_request_id", default="")
"""``x-request-id`` of the request that run() has; '' outside of one."""
