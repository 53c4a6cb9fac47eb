"""The routes of a service: health, score, description; everything else is a 404."""

import asyncio
import functools
import itertools
import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec

from modelyard.domain.fronts import FrontSpec, FrontState
from modelyard.serving import cors, swagger
from modelyard.serving.budget import BodyBudget, Share
from modelyard.serving.crew import Crew
from modelyard.serving.exchange import Reply
from modelyard.serving.http import Request
from modelyard.serving.messages import request_head
from modelyard.serving.pool import Pool
from modelyard.serving.refusals import ClientGone, Refusal, unavailable
from modelyard.serving.status import Standing
from modelyard.serving.streams import Stream
from modelyard.serving.tickets import Answer, Headers, Ticket

_METHODS = ("GET", "POST", "OPTIONS")
_CLIENT_ID_LIMIT = 100
_ID = re.compile(r"[!-~]{1,100}").fullmatch
_PRINTABLE = re.compile(r"[ -~]*").fullmatch
_JSON = ("content-type", "application/json")
_CLOSE = ("connection", "close")


class App:
    """Turns requests into tickets and answers into replies."""

    def __init__(
        self,
        spec: FrontSpec,
        pool: Pool,
        crew: Crew,
        standing: Standing,
        *,
        version: str,
        note: Callable[[str], None],
    ) -> None:
        """``version`` is Modelyard's own."""
        self._spec = spec
        self._pool = pool
        self._crew = crew
        self._standing = standing
        self._note = note
        self._budget = BodyBudget(spec.body_limit)
        self._ids = itertools.count(1)
        self._loop = asyncio.get_running_loop()
        self._fixed = [
            ("server", "modelyard"),
            ("x-ms-server-version", f"modelyard/{version}"),
            ("x-modelyard-version", spec.service_version),
        ]

    async def __call__(self, request: Request) -> Reply:
        """Answer one request; never raises but when its client has gone."""
        given = request.header("x-request-id")
        id_ = given if given and _ID(given) else str(uuid.uuid4())
        headers = [*self._fixed, ("x-ms-request-id", id_), ("x-request-id", id_)]
        try:
            if id_ is not given:
                request.headers.append(("x-request-id", id_))
            self._echo(request, headers)
            return await self._route(request, headers)
        except Refusal as refusal:
            await request.discard()
            return _refused(refusal, headers, id_)
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is, the caller gets JSON
            self._note(f"request {id_}: {error!r}")
            message = "The front failed on this request. Its log says more."
            return _refused(Refusal(500, "internal_error", message), headers, id_)

    def _echo(self, request: Request, headers: Headers) -> None:
        client_id = request.header("x-ms-client-request-id")
        if client_id is not None:
            if len(client_id) > _CLIENT_ID_LIMIT:
                raise Refusal(
                    431,
                    "client_request_id_too_long",
                    f"x-ms-client-request-id may have {_CLIENT_ID_LIMIT} characters at most.",
                )
            if _PRINTABLE(client_id):
                headers.append(("x-ms-client-request-id", client_id))
        trace_id = request.header("traceid")
        if trace_id is not None and _PRINTABLE(trace_id):
            headers.append(("traceid", trace_id))
        if self._spec.cors_origins:
            headers += cors.headers(request.header("origin"), self._spec.cors_origins)

    async def _route(self, request: Request, headers: Headers) -> Reply:
        if request.path == "/score":
            return await self._score(request, headers)
        if request.path == "/":
            return self._health(request, headers)
        if request.path == "/swagger.json":
            return self._swagger(request, headers)
        message = f"There is no {request.path} here; use /score, /swagger.json or /."
        raise Refusal(404, "not_found", message)

    def _health(self, request: Request, headers: Headers) -> Reply:
        _allow(request, ("GET", "HEAD"))
        state = self._standing.state
        if state is not FrontState.READY:
            raise self._not_ready(state)
        return Reply(200, [*headers, ("content-type", "text/html; charset=utf-8")], b"Healthy")

    def _not_ready(self, state: FrontState) -> Refusal:
        if state is FrontState.FAILED:
            error: Any = self._crew.error or {}
            what = f"{error.get('type')}: {error.get('message')}"
            return unavailable("failed", f"The scoring script did not start. {what}")
        texts = {
            FrontState.STARTING: "The first worker of this service is still starting.",
            FrontState.UNHEALTHY: "Every worker of this service is down and being restarted.",
            FrontState.DRAINING: "This version of the service is being stopped.",
        }
        return unavailable(str(state), texts[state])

    def _swagger(self, request: Request, headers: Headers) -> Reply:
        _allow(request, ("GET", "HEAD"))
        asked = parse_qs(request.query).get("version", [""])[-1]
        version = swagger.version_of(asked)
        body = swagger.override(Path(self._spec.app_root), version)
        if body is None:
            if self._crew.script is None:
                raise self._not_ready(self._standing.state)
            spec = self._spec
            body = msgspec.json.encode(
                swagger.document(version, spec.service, spec.service_version, self._crew.script)
            )
        return Reply(200, [*headers, _JSON], body)

    async def _score(self, request: Request, headers: Headers) -> Reply:
        if self._standing.closed or self._crew.error is not None:
            raise self._not_ready(self._standing.state)
        method = request.method
        if method == "OPTIONS" and self._is_preflight(request):
            return self._preflight(request, headers)
        if method not in ("GET", "POST") and not await self._is_raw():
            if method == "OPTIONS":
                return Reply(200, [*headers, ("allow", ", ".join(_METHODS))])
            raise _not_allowed(method, _METHODS)
        standing = self._standing
        standing.in_flight += 1
        share = self._budget.share()
        streams = False
        try:
            ticket = await self._run(request, share)
            answer = ticket.future.result()
            reply = _scored(answer, headers)
            if isinstance(answer.body, Stream):
                streams = True
                reply.done = functools.partial(self._end_stream, ticket, share)
            if standing.state is FrontState.DRAINING:
                reply.headers.append(_CLOSE)
            return reply
        finally:
            if not streams:
                standing.in_flight -= 1
                share.close()

    def _end_stream(self, ticket: Ticket, share: Share) -> None:
        self._standing.in_flight -= 1
        share.close()
        ticket.close()
        if not ticket.complete:
            self._pool.cancel(ticket)

    async def _run(self, request: Request, share: Share) -> Ticket:
        """Queue it and have it run; its answer is there when this returns."""
        limit = self._spec.body_limit
        request.check_length(limit)
        self._pool.queue.check()
        body = await request.read(limit, share)
        ticket = Ticket(
            id=next(self._ids),
            head=request_head(request.method, request.path, request.query, request.headers),
            body=body,
            taken=time.monotonic(),
            future=self._loop.create_future(),
            gone=request.gone,
        )
        self._pool.submit(ticket)
        try:
            await ticket.future
            return ticket
        finally:
            if ticket.stream is None:
                ticket.close()

    async def _is_raw(self) -> bool:
        """Whether the script takes all methods; waits for the preflight, as a score would."""
        if self._crew.script is None:
            try:
                async with asyncio.timeout(self._spec.queue_wait):
                    await self._crew.settled.wait()
            except TimeoutError:
                raise self._not_ready(self._standing.state) from None
        return bool((self._crew.script or {}).get("raw"))

    def _is_preflight(self, request: Request) -> bool:
        return bool(self._spec.cors_origins and request.header("access-control-request-method"))

    def _preflight(self, request: Request, headers: Headers) -> Reply:
        answer = cors.preflight(
            request.header("origin"),
            request.header("access-control-request-headers"),
            _METHODS,
            self._spec.cors_origins,
        )
        ours = [header for header in headers if header not in answer]
        return Reply(204, [*ours, *answer])


def _scored(answer: Answer, headers: Headers) -> Reply:
    """A worker's answer as a reply; the front's own headers win."""
    names = {name for name, _ in answer.headers}
    own = {name for name, _ in headers} - {"server"}
    merged = [*headers, *(pair for pair in answer.headers if pair[0] not in own)]
    if "content-type" not in names:
        merged.append(_JSON)
    if "x-ms-run-function-failed" not in names:
        merged.append(("x-ms-run-function-failed", "False"))
    if answer.run_ms is not None and "x-ms-run-fn-exec-ms" not in names:
        merged.append(("x-ms-run-fn-exec-ms", f"{answer.run_ms:.3f}"))
    return Reply(answer.status, merged, answer.body)


def _refused(refusal: Refusal, headers: Headers, id_: str) -> Reply:
    body: dict[str, Any] = {
        "message": refusal.message,
        "code": refusal.code,
        "request_id": id_,
    }
    if refusal.details:
        body["details"] = refusal.details
    end = [_CLOSE] if refusal.code == "draining" else []
    return Reply(
        refusal.status,
        [*headers, *refusal.headers, *end, _JSON],
        msgspec.json.encode(body),
    )


def _allow(request: Request, methods: tuple[str, ...]) -> None:
    if request.method not in methods:
        raise _not_allowed(request.method, methods)


def _not_allowed(method: str, methods: tuple[str, ...]) -> Refusal:
    allowed = ", ".join(methods)
    message = f"{method} is not possible here; use {allowed}."
    return Refusal(405, "method_not_allowed", message, headers=(("allow", allowed),))
