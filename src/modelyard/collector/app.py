"""From requests to answers: routes, bounds, gzip, and every error in the REST API's shape."""

import logging
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from modelyard.collector.routing import Router
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import BadInput, ModelyardError, NotFound, TooLarge
from modelyard.wire.errors import Problem
from modelyard.wire.statuses import status_of

WORKSPACE = "x-modelyard-workspace"
"""What the gateway says of who asks: the one workspace that a token is for, or * for all."""

_JSON = {"content-type": "application/json"}
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_MOST_PARTS = 100
"""Parts of a gzip body: each one copies what is behind it."""

_log = logging.getLogger(__name__)


class Web:
    """Answers requests; never raises."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._router = Router(routes)

    def limit(self, method: str, path: str) -> int:
        """Bytes of a body that are taken there, as it is sent."""
        found = self._router.find(path)
        route = found.route(method) if found else None
        return route.body_limit if route else 0

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """What goes back."""
        try:
            return await self._answer(request)
        except ModelyardError as error:
            return problem(request, error)
        except Exception:  # noqa: BLE001 - the edge: whatever it is, the caller gets JSON
            _log.exception("%s %s failed", request.method, request.path)
            message = "Something went wrong inside the collector. Its log has the cause."
            return _problem(request, 500, Problem(code="internal", message=message))

    async def _answer(self, request: HttpRequest) -> HttpAnswer:
        found = self._router.find(request.path)
        if found is None:
            raise NotFound(f"There is nothing at {request.path}.")
        route = found.route(request.method)
        if route is None:
            message = f"{request.method} is not possible at {request.path}."
            answer = _problem(request, 405, Problem(code="method_not_allowed", message=message))
            return replace(answer, headers={**answer.headers, "allow": found.allowed})
        workspace = request.headers.get(WORKSPACE)
        return await route.handle(
            replace(
                request,
                body=unpacked(request.body, request.headers, route.body_limit),
                parameters=found.parameters,
                workspace=None if workspace in {None, "*"} else workspace,
            )
        )


def problem(request: HttpRequest, error: ModelyardError) -> HttpAnswer:
    """The answer to what cannot be done."""
    status = status_of(error)
    if status >= 500:
        _log.warning("%s %s: %s", request.method, request.path, error.message)
    answer = _problem(
        request,
        status,
        Problem(code=error.code, message=error.message, details=dict(error.details)),
    )
    more = {401: {"www-authenticate": 'Bearer realm="modelyard"'}, 503: {"retry-after": "1"}}
    return replace(answer, headers={**answer.headers, **more.get(status, {})})


def too_large(request: HttpRequest, limit: int) -> HttpAnswer:
    """The answer to a body that is over the limit."""
    message = f"The body is larger than the {limit} bytes that are taken at {request.path}."
    return problem(request, TooLarge(message, details={"limit": limit}))


def unpacked(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """The body as it was before it was compressed. Raises BadInput, TooLarge."""
    named = headers.get("content-encoding", "").strip().lower()
    if named in {"", "identity"} or not body:
        found = body
    elif named in _WINDOWS:
        found = _unpack(body, _WINDOWS[named], limit)
    else:
        raise BadInput(f"Content-Encoding {named!r} is not understood; use gzip or none.")
    if len(found) > limit:
        message = f"The body is larger than the {limit} bytes that are taken here."
        raise TooLarge(message, details={"limit": limit})
    return found


def _unpack(body: bytes, window: int, limit: int) -> bytes:
    found, parts = b"", 0
    try:
        while body and len(found) <= limit:  # gzip may have several parts, one after the other
            if (parts := parts + 1) > _MOST_PARTS:
                raise BadInput(f"The compressed body has more than {_MOST_PARTS} parts.")
            reader = zlib.decompressobj(window)
            found += reader.decompress(body, limit + 1 - len(found))
            if not reader.eof and len(found) <= limit:
                raise BadInput("The compressed body ends too early.")
            body = reader.unused_data
    except zlib.error as error:
        raise BadInput(f"The body cannot be unpacked: {error}.") from error
    return found


def _problem(request: HttpRequest, status: int, said: Problem) -> HttpAnswer:
    said.request_id = request.headers.get("x-request-id", "")
    return HttpAnswer(status, _JSON, msgspec.json.encode(said))
