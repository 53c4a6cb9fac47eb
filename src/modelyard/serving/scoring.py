"""The way of a request that a worker runs: in, queued, answered, without a task of its own."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from modelyard.domain.fronts import FrontSpec
from modelyard.serving.budget import BodyBudget
from modelyard.serving.exchange import Protocols, QuickRender, Reply
from modelyard.serving.http_request import Incoming
from modelyard.serving.identity import Identity
from modelyard.serving.messages import (
    RESERVED,
    WORKER_HEADERS,
    ShortHeads,
    request_head,
    with_trace,
    without_ours,
)
from modelyard.serving.pool import Pool
from modelyard.serving.refusals import too_large
from modelyard.serving.sharing import AVAILABLE, SHARED_FROM, SharedBody, where_it_lies
from modelyard.serving.status import Standing
from modelyard.serving.streams import Stream
from modelyard.serving.telemetry import Recorder
from modelyard.serving.tickets import Answer, Headers, Ticket


class Described(Protocol):
    """Who knows the script."""

    @property
    def script(self) -> Mapping[str, Any] | None:
        """What a worker said of it; None until one has."""


class Scoring:
    """
    Makes tickets of requests and replies of answers.

    ``fail`` answers a request with an error. A request counts as under way (``admitted``) from
    its admission to its answer's end, and holds its part of the budget for bodies so long.
    """

    def __init__(
        self,
        spec: FrontSpec,
        pool: Pool,
        standing: Standing,
        identity: Identity,
        described: Described,
        fail: Callable[[Incoming, Exception], None],
        recorder: Recorder | None = None,
    ) -> None:
        self._recorder = recorder
        self._limit = spec.body_limit
        self._pool = pool
        self._queue = pool.queue
        self._standing = standing
        self._identity = identity
        self._fail = fail
        self._budget = BodyBudget(spec.body_limit)
        self._numbers = itertools.count(1)
        self._heads = ShortHeads()
        self._described = described
        self._script_seen: Mapping[str, Any] | None = None
        self._all_headers = True

    def admit(self, request: Incoming) -> None:
        """Count it as under way. Raises the 503 of a full queue."""
        if self._queue.full:
            raise self._queue.no_place(time.monotonic())
        self._standing.in_flight += 1
        request.admitted = True
        request.on_gone = self._gone

    def begin_body(self, request: Incoming, *, shared: bool) -> None:
        """
        Its body comes in parts; ``shared`` allows to write it where a worker can read it.

        Raises the 413 and the 503 that can be told from its head.
        """
        if request.length > self._limit:
            raise too_large(self._limit)
        request.reserved = self._budget.reserve(request.reserved, request.length)
        self.more_body(request)
        if shared and AVAILABLE and request.length > SHARED_FROM:
            with contextlib.suppress(OSError):  # no more files may be open
                request.body = SharedBody(bytes(request.body))

    def more_body(self, request: Incoming) -> None:
        """Another part has come. Raises the 413 and the 503 when it is too much."""
        size = len(request.body)
        if size > self._limit:
            raise too_large(self._limit)
        if size > request.reserved:
            request.reserved = self._budget.reserve(request.reserved, size)

    def score(self, request: Incoming) -> None:
        """Have a script's run() called with it, as it came."""
        self.more_body(request)
        body = request.whole
        if len(body) > SHARED_FROM:
            body = where_it_lies(body)
        self._submit(request, self._head(request), body)

    def _head(self, request: Incoming) -> bytes:
        """What the worker is told; all headers only where the script asks for them."""
        if self._described.script is not self._script_seen:
            self._look_at_script()
        head = None if self._all_headers else self._heads.head(request)
        if head is None:
            headers = without_ours(request)
            if not self._identity.given(request):
                headers = [pair for pair in headers if pair[0] != "x-request-id"]
                headers.append(("x-request-id", request.id))
            head = request_head(request.method, request.path, request.query, headers)
        trace = request.known.get(b"traceparent")
        return head if trace is None else with_trace(head, trace)

    def _look_at_script(self) -> None:
        script = self._script_seen = self._described.script
        self._all_headers = (script or {}).get("headers") != WORKER_HEADERS

    def predict(self, request: Incoming, protocols: Protocols) -> None:
        """Have a worker run what a protocol makes of it."""
        self.more_body(request)
        prepared = protocols.prepare(request, bytes(request.whole))
        if len(prepared.body) > request.reserved:  # it was compressed, or text
            request.reserved = self._budget.reserve(request.reserved, len(prepared.body))
        request.body = b""
        request.render = prepared.render
        self._submit(request, prepared.head, where_it_lies(prepared.body), prepared.plan)

    def release(self, request: Incoming) -> None:
        """It is not under way any more; may be called twice."""
        request.on_gone = None
        request.work = None
        if request.admitted:
            request.admitted = False
            self._standing.in_flight -= 1
            self._budget.give_back(request.reserved)

    def _submit(
        self,
        request: Incoming,
        head: bytes,
        body: bytes | bytearray | memoryview | SharedBody,
        plan: object | None = None,
    ) -> None:
        now = time.monotonic()
        ticket = Ticket(next(self._numbers), head, body, now, self, request)
        request.began = request.began or now
        if plan is not None:
            ticket.plan = plan
        request.body = b""
        request.work = ticket
        self._pool.submit(ticket)

    # what becomes of tickets

    def answered(self, ticket: Ticket, answer: Answer) -> None:
        """A worker answered."""
        request: Incoming = ticket.subject
        body = answer.body
        if isinstance(body, Stream):
            reply = self._reply(request, answer)
            reply.done = partial(self._streamed, ticket, answer, body)
            request.client.respond(request, reply)
            return
        render = request.render
        self.release(request)
        usual = None if request.extras else answer.lines
        if render is not None:
            if isinstance(ticket.body, SharedBody):
                ticket.body.keep()
            quick = render.quick(answer) if usual and isinstance(render, QuickRender) else None
            if quick is None:
                self._render(ticket, answer, render)
                return
            body = quick
        if usual is not None:
            lines = self._identity.lines(request) + usual.sent
            if answer.run_ms is not None and not usual.timed:
                lines += b"x-ms-run-fn-exec-ms: %.3f\r\n" % answer.run_ms
            request.client.send(request, answer.status, lines, body)
        else:
            request.client.respond(request, self._reply(request, answer))
        if self._recorder is not None:
            self._recorder.answered(request, ticket, answer, answer.status, len(body))

    def refused(self, ticket: Ticket, error: Exception) -> None:
        """It cannot be answered."""
        self._fail(ticket.subject, error)

    def _render(
        self, ticket: Ticket, answer: Answer, render: Callable[[Answer, Headers], Reply]
    ) -> None:
        request: Incoming = ticket.subject
        if not isinstance(answer.body, bytes | Stream):
            answer.body = bytes(answer.body)
        try:
            reply = render(answer, self._identity.headers(request))
        except Exception as error:  # noqa: BLE001 - the edge: the caller gets an answer
            self._fail(request, error)
        else:
            request.client.respond(request, reply)
            if self._recorder is not None and not isinstance(reply.body, Stream):
                self._recorder.answered(request, ticket, answer, reply.status, len(reply.body))

    def _reply(self, request: Incoming, answer: Answer) -> Reply:
        """A script's answer; the front's own headers win."""
        own = self._identity.headers(request)
        taken = {name for name, _ in own} | RESERVED
        names = {name for name, _ in answer.headers}
        merged = [*own, *(pair for pair in answer.headers if pair[0] not in taken)]
        if "content-type" not in names:
            merged.append(("content-type", "application/json"))
        if "x-ms-run-function-failed" not in names:
            merged.append(("x-ms-run-function-failed", "False"))
        if answer.run_ms is not None and "x-ms-run-fn-exec-ms" not in names:
            merged.append(("x-ms-run-fn-exec-ms", f"{answer.run_ms:.3f}"))
        return Reply(answer.status, merged, answer.body)

    def _streamed(self, ticket: Ticket, answer: Answer, body: Stream) -> None:
        request: Incoming = ticket.subject
        if self._recorder is not None and request.admitted:
            self._recorder.streamed(request, ticket, answer, answer.status, body)
        self.release(request)
        if not ticket.complete:
            self._pool.cancel(ticket)

    def _gone(self, request: Incoming) -> None:
        """The client has left."""
        work = request.work
        if self._recorder is not None:
            self._recorder.gone(request, work)
        self.release(request)
        if isinstance(work, Ticket):
            self._pool.cancel(work)
        elif isinstance(work, asyncio.Task):
            work.cancel()
