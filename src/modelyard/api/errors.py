"""One table turns errors into statuses, and every error into one shape."""

import errno
import logging
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import msgspec
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from modelyard.api.streams import RangeNotSatisfiable
from modelyard.domain import errors
from modelyard.wire import statuses
from modelyard.wire.errors import Problem

_log = logging.getLogger(__name__)

STATUSES: Mapping[type[errors.ModelyardError], int] = {
    **statuses.STATUSES,
    RangeNotSatisfiable: 416,
}
"""The nearest class above an error counts."""

REQUEST_ID = "X-Request-Id"

_CODES = {400: "bad_input", 401: "unauthenticated", 403: "forbidden", 404: "not_found",
          405: "method_not_allowed", 413: "too_large", 415: "bad_input"}  # fmt: skip


def status_of(error: errors.ModelyardError) -> int:
    """The HTTP status of an error."""
    return statuses.status_of(error, STATUSES)


def request_id(request: Request[Any, Any, Any]) -> str:
    """The id that the gateway gave the request, or one made now; the same when asked again."""
    given = request.headers.get(REQUEST_ID, "")
    if given and len(given) <= 128 and given.isascii() and given.isprintable():
        return given
    made: str = request.scope["state"].setdefault("request_id", uuid4().hex)
    return made


def answer(
    request: Request[Any, Any, Any],
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
) -> Response[Problem | None]:
    """The answer to a request that cannot be done; a HEAD has no body."""
    id = request_id(request)
    problem = Problem(code=code, message=message, request_id=id, details=dict(details or {}))
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="modelyard"'
    if status == 503:
        headers["Retry-After"] = "1"
    head = request.method == "HEAD"
    return Response(
        None if head else problem,
        status_code=status,
        headers=headers,
        media_type="application/json",
    )


def on_ours(
    request: Request[Any, Any, Any], error: errors.ModelyardError
) -> Response[Problem | None]:
    """An error of the domain."""
    status = status_of(error)
    if status >= 500:
        _log.warning("%s %s: %s", request.method, request.url.path, error.message)
    return answer(request, status, error.code, error.message, error.details)


def on_validation(
    request: Request[Any, Any, Any], error: ValidationException
) -> Response[Problem | None]:
    """A value of the wrong type: the message names the field."""
    found = [_fault(e) for e in (error.extra if isinstance(error.extra, list) else [])]
    text = "; ".join(f"{e['key']}: {e['message']}" for e in found)
    return answer(request, 400, "bad_input", text or str(error.detail), {"errors": found})


def _fault(said: Mapping[str, Any]) -> dict[str, str]:
    key, message = str(said.get("key", "")), str(said.get("message", ""))
    if key == "data":  # the handlers' name for the whole body
        key, message = "body", "a JSON object is needed" if message == "'data'" else message
    return {"key": key, "message": message, "source": str(said.get("source", ""))}


def on_body(
    request: Request[Any, Any, Any],
    error: msgspec.MsgspecError | UnicodeDecodeError | RecursionError,
) -> Response[Problem | None]:
    """A body that is no JSON, of another shape, or too deep."""
    return answer(request, 400, "bad_input", f"The body cannot be used: {error}")


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem | None]:
    """What the framework refuses: unknown routes and methods, bodies that are no JSON."""
    if error.status_code >= 500:
        return on_unexpected(request, error)
    message = str(error.detail)
    if isinstance(error, NotFoundException):
        message = f"There is nothing at {request.url.path}. The routes: /api/v1/openapi.json."
    elif isinstance(error, MethodNotAllowedException):
        message = f"{request.method} is not possible at {request.url.path}."
    elif error.status_code == 400:
        message = f"The request cannot be read as JSON: {message}"
    code = _CODES.get(error.status_code, "bad_input")
    response = answer(request, error.status_code, code, message)
    if allowed := (error.headers or {}).get("allow"):
        response.headers["Allow"] = allowed
    return response


def on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem | None]:
    """A fault of ours: the cause goes to the log, never into the answer."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return on_ours(request, errors.DiskFull("There is no room left on the server's disk."))
    _log.error(
        "%s %s failed, request %s",
        request.method,
        request.url.path,
        request_id(request),
        exc_info=error,
    )
    return answer(
        request,
        500,
        "internal",
        "Something went wrong inside the server. Its log has the cause under this request id.",
    )


HANDLERS: Mapping[int | type[Exception], Any] = {
    errors.ModelyardError: on_ours,
    ValidationException: on_validation,
    msgspec.MsgspecError: on_body,
    UnicodeDecodeError: on_body,
    RecursionError: on_body,
    HTTPException: on_http,
    Exception: on_unexpected,
}
