"""
What a front answers when it cannot score.

Refusal, one JSON shape, its ``code`` one of: not_found 404, method_not_allowed 405, bad_request
400 / 501 / 505, too_large 413, client_request_id_too_long / head_too_large 431, queue_full /
queue_timeout / cold_start_timeout / cold_start_failed / body_budget / draining / starting /
unhealthy / failed 503, worker_crashed / front_lost 502,
scoring_timeout / internal_error 500.
"""

from collections.abc import Mapping
from typing import Any

from modelyard.domain.fronts import LOST


class Refusal(Exception):
    """An answer with a status, a stable code and a message that says what to do."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.details = details


class ClientGone(Exception):
    """The client has closed its connection; there is nobody to answer."""


def bad_request(what: str, status: int = 400) -> Refusal:
    """The bytes on the connection are no request that may be understood."""
    return Refusal(status, "bad_request", f"This request cannot be read: {what}.")


def head_too_large(size: int, count: int) -> Refusal:
    """More headers, or a longer target, than are taken."""
    message = f"A request's head may have {size} bytes and {count} headers."
    return Refusal(431, "head_too_large", message)


_FAILED_RUN = (("x-ms-run-function-failed", "True"),)


def too_large(limit: int) -> Refusal:
    """The body is over the service's limit."""
    message = f"The request body is larger than this service's limit of {limit} bytes."
    return Refusal(413, "too_large", message, details={"limit": limit})


def queue_full(limit: int, retry_after: int) -> Refusal:
    """No place in the queue."""
    return _later(
        "queue_full", f"{limit} requests are waiting already; try again later.", retry_after
    )


def queue_timeout(seconds: float, retry_after: int) -> Refusal:
    """Waited for a worker as long as it may."""
    return _later(
        "queue_timeout",
        f"No worker became free within {seconds:g} s; try again later.",
        retry_after,
    )


def cold_start_timeout(seconds: float, retry_after: int) -> Refusal:
    """No worker was ready in time after a rest."""
    return _later(
        "cold_start_timeout",
        f"No worker was ready within {seconds:g} s after the service had slept; they go on"
        " starting, try again later.",
        retry_after,
    )


def cold_start_failed(fault: Mapping[str, Any], retry_after: int) -> Refusal:
    """The first worker after a rest did not start; ``fault`` says why."""
    names = ("type", "message", "file", "line")
    return _later(
        "cold_start_failed",
        f"The service had slept and cannot start: {fault.get('type')}: {fault.get('message')}"
        f" It is tried again with a request that comes in {max(1, retry_after)} s or later.",
        retry_after,
        {name: fault.get(name) for name in names},
    )


def body_budget(limit: int) -> Refusal:
    """The bodies of other requests fill what all may hold together."""
    return _later(
        "body_budget",
        f"The requests under way fill the {limit} bytes that all bodies may have together;"
        " try again later.",
        1,
    )


def unavailable(code: str, message: str) -> Refusal:
    """The service as a whole cannot answer now."""
    return _later(code, message, 1)


def _later(
    code: str, message: str, retry_after: int, details: Mapping[str, Any] | None = None
) -> Refusal:
    headers = (("retry-after", str(max(1, retry_after))),)
    return Refusal(503, code, message, headers=headers, details=details)


def worker_crashed(how: str, last_line: str) -> Refusal:
    """The worker died while it ran this request."""
    end = f" The last line of its log: {last_line}" if last_line else ""
    message = f"The worker {how} while it ran this request.{end}"
    return Refusal(502, "worker_crashed", message, headers=_FAILED_RUN)


def front_lost() -> Refusal:
    """The front before this one had begun it; in the gateway's words, who says so too."""
    return Refusal(502, "front_lost", LOST)


def scoring_timeout(seconds: float) -> Refusal:
    """run() took longer than the service allows; Azure's own words."""
    message = f"Scoring timeout after {round(seconds * 1000)} ms"
    return Refusal(500, "scoring_timeout", message, headers=_FAILED_RUN)
