"""The routes of a service: health, score, description, protocols; everything else is a 404."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec

from modelyard.domain.fronts import FrontSpec, FrontState
from modelyard.domain.shadows import SHADOW_HEADER
from modelyard.serving import cors, swagger
from modelyard.serving.crew import Crew
from modelyard.serving.exchange import Headers, Protocols, Reply
from modelyard.serving.http_request import Incoming
from modelyard.serving.identity import Identity
from modelyard.serving.ledger import Ledger
from modelyard.serving.messages import AGAIN
from modelyard.serving.pool import Pool
from modelyard.serving.refusals import Refusal, front_lost, unavailable
from modelyard.serving.scoring import Scoring
from modelyard.serving.shadows import Looks
from modelyard.serving.status import Standing
from modelyard.serving.telemetry import Recorder

_METHODS = ("GET", "POST", "OPTIONS")
_JSON = ("content-type", "application/json")
_SHADOW = SHADOW_HEADER.encode()
_NOT_FAILED = ("x-ms-run-function-failed", "False")
_OWN_TYPES = frozenset((None, b"application/json"))
_OWN_ACCEPTS = frozenset((None, b"application/json", b"*/*"))
"""What nearly all send to a script: told apart from other forms without asking further."""

_STATES = {
    FrontState.STARTING: "The first worker of this service is still starting.",
    FrontState.UNHEALTHY: "Every worker of this service is down and being restarted.",
    FrontState.DRAINING: "This version of the service is being stopped.",
}


class App:
    """Answers requests, or has a worker answer them."""

    def __init__(
        self,
        spec: FrontSpec,
        pool: Pool,
        crew: Crew,
        standing: Standing,
        *,
        version: str,
        note: Callable[[str], None],
        protocols: Protocols | None = None,
        recorder: Recorder | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        """
        ``version`` is Modelyard's own; ``protocols`` must be there for a predictor. ``ledger`` has
        the ids of what had begun before.
        """
        self._spec = spec
        self._crew = crew
        self._standing = standing
        self._note = note
        self._protocols = protocols
        self._scripted = spec.predictor is None
        self._identity = Identity(version, spec.service_version, spec.cors_origins)
        self._recorder = recorder
        self._ledger = ledger
        self.mirror: Looks | None = None
        self._scoring = Scoring(spec, pool, standing, self._identity, crew, self._fail, recorder)

    @property
    def draining(self) -> bool:
        """Whether every answer is the last of its connection."""
        return self._standing.draining

    def open(self, request: Incoming) -> None:
        """The head has come, more of the body will."""
        request.began = time.monotonic()
        try:
            self._identity.identify(request)
            if self._had_begun(request):
                self._lose(request)
            elif self._for_worker(request):
                if self._checked(request):
                    self._scoring.admit(request)
                    self._scoring.begin_body(request, shared=self._is_score(request))
            else:
                self._answer(request)
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is, the caller gets JSON
            self._fail(request, error)

    def more(self, request: Incoming) -> None:
        """More of the body has come."""
        try:
            self._scoring.more_body(request)
        except Refusal as refusal:
            self._fail(request, refusal)

    def handle(self, request: Incoming) -> None:
        """The request is whole."""
        try:
            if not request.admitted:
                self._identity.identify(request)
                if self._had_begun(request):
                    self._lose(request)
                    return
                if not self._for_worker(request):
                    self._answer(request)
                    return
                if not self._checked(request):
                    return
                self._scoring.admit(request)
            if self.mirror is not None and request.method == "POST":
                self.mirror.look(request)
            if request.method == "POST" and self._is_score(request):
                self._scoring.score(request)  # nearly all
            else:
                self._run(request)
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is, the caller gets JSON
            self._fail(request, error)

    def unreadable(self, request: Incoming, error: Exception) -> Reply:
        """The reply to what could not be read on."""
        self._identity.identify(request)
        return self._refused(request, error)

    # routes

    def _is_score(self, request: Incoming) -> bool:
        """Whether it is a script's, in the script's own form."""
        if not self._scripted or request.path != "/score":
            return False
        known = request.known
        if known.get(b"content-type") in _OWN_TYPES and known.get(b"accept") in _OWN_ACCEPTS:
            large = len(known.get(b"content-length", b"")) > 3  # 1,000 bytes and more
            return not (large and self._is_read_here(request))
        return self._protocols is None or not self._protocols.takes(request)

    def _is_read_here(self, request: Incoming) -> bool:
        """Whether its numbers are, because the script's own reading of them would take longer."""
        return self._protocols is not None and self._protocols.reads(request, request.length)

    def _for_worker(self, request: Incoming) -> bool:
        if request.path == "/score" and self._scripted:
            return True
        ours = self._protocols
        return ours is not None and request.path != "/" and ours.takes(request)

    def _answer(self, request: Incoming) -> None:
        """What needs no worker."""
        request.client.respond(request, self._route(request))

    def _route(self, request: Incoming) -> Reply:
        own = self._identity.headers(request)
        if request.path == "/":
            return self._health(request, own)
        if self._protocols is not None:
            reply = self._protocols.immediate(request)
            if reply is not None:
                reply.headers = [*own, *reply.headers]
                return reply
        if request.path == "/swagger.json":
            return self._swagger(request, own)
        more = "" if self._protocols is None else "/v2, /openapi.json, "
        message = f"There is no {request.path} here; use /score, {more}/swagger.json or /."
        raise Refusal(404, "not_found", message)

    def _health(self, request: Incoming, own: Headers) -> Reply:
        _allow(request, ("GET", "HEAD"))
        state = self._standing.state
        if state is not FrontState.READY:
            raise self._not_ready(state)
        return Reply(200, [*own, ("content-type", "text/html; charset=utf-8")], b"Healthy")

    def _swagger(self, request: Incoming, own: Headers) -> Reply:
        _allow(request, ("GET", "HEAD"))
        asked = parse_qs(request.query, keep_blank_values=True).get("version")
        version = swagger.version_of(asked[-1] if asked else None)
        body = swagger.override(Path(self._spec.app_root), version)
        if body is None:
            if self._crew.script is None:
                raise self._not_ready(self._standing.state)
            spec = self._spec
            body = msgspec.json.encode(
                swagger.document(
                    version,
                    spec.service,
                    spec.service_version,
                    self._crew.script,
                    spec.variables.get("SERVICE_PATH_PREFIX", ""),
                )
            )
        return Reply(200, [*own, _NOT_FAILED, _JSON], body)

    def _not_ready(self, state: FrontState) -> Refusal:
        if state is FrontState.FAILED:
            error: Any = self._crew.error or {}
            what = f"{error.get('type')}: {error.get('message')}"
            return unavailable("failed", f"The scoring script did not start. {what}")
        return unavailable(str(state), _STATES[state])

    # scoring

    def _checked(self, request: Incoming) -> bool:
        """
        Whether a worker is to run it; False when it was answered here.

        Raises the 503 of a front that takes none, the 405 for a script that takes it not.
        """
        standing = self._standing
        if (standing.draining and standing.closed) or self._crew.error is not None:
            raise self._not_ready(standing.state)
        if request.method in ("POST", "GET") or not self._is_score(request):
            return True
        if request.method == "OPTIONS" and self._is_preflight(request):
            request.client.respond(request, self._preflight(request))
            return False
        if self._crew.script is None or self._crew.script.get("raw"):
            return True
        self._answer_method(request)
        return False

    def _run(self, request: Incoming) -> None:
        if self._protocols is not None and not self._is_score(request):
            if self._crew.script is None:
                request.work = asyncio.ensure_future(self._run_when_known(request))
            else:
                self._scoring.predict(request, self._protocols)
        elif request.method in ("POST", "GET"):
            self._scoring.score(request)
        elif self._crew.script is None:
            request.work = asyncio.ensure_future(self._run_when_known(request))
        elif self._crew.script.get("raw"):
            self._scoring.score(request)
        else:
            self._answer_method(request)

    async def _run_when_known(self, request: Incoming) -> None:
        """
        What a request becomes, or whether it is taken, only a worker can tell: wait for the
        preflight, as a score would.
        """
        try:
            async with asyncio.timeout(self._spec.queue_wait):
                await self._crew.settled.wait()
            if self._crew.script is None:
                raise self._not_ready(self._standing.state)
            self._run(request)
        except TimeoutError:
            self._fail(request, self._not_ready(self._standing.state))
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is, the caller gets JSON
            self._fail(request, error)

    def _answer_method(self, request: Incoming) -> None:
        """A method that an ordinary script does not take."""
        self._scoring.release(request)
        if request.method != "OPTIONS":
            raise _not_allowed(request.method, _METHODS)
        own = self._identity.headers(request)
        allowed = ("allow", ", ".join(_METHODS))
        request.client.respond(request, Reply(200, [*own, _NOT_FAILED, allowed]))

    def _is_preflight(self, request: Incoming) -> bool:
        return bool(self._spec.cors_origins and request.header("access-control-request-method"))

    def _preflight(self, request: Incoming) -> Reply:
        answer = cors.preflight(
            request.header("origin"),
            request.header("access-control-request-headers"),
            _METHODS,
            self._spec.cors_origins,
        )
        own = [header for header in self._identity.headers(request) if header not in answer]
        return Reply(204, [*own, _NOT_FAILED, *answer])

    # what was sent before

    def _had_begun(self, request: Incoming) -> bool:
        """
        Whether this is the second try of a request that had begun, in a former front or here.

        Also a gateway of an older release, which does not say that it tries again, gives each
        request an id of its own. Only copies for a shadow have that of another request.
        """
        ledger = self._ledger
        if ledger is None:
            return False
        known = request.known
        if request.tag in ledger.inherited:
            return _SHADOW not in known
        return AGAIN in known and ledger.knows(request.tag)

    def _lose(self, request: Incoming) -> None:
        """Answer as the gateway does when it sees itself that a front has ended with a request."""
        error = front_lost()
        words = self._words(request, error)
        reply = Reply(error.status, [*self._identity.headers(request), _JSON], words)
        request.client.respond(request, reply)
        if self._recorder is not None:
            self._recorder.refused(request, None, reply, error)

    # errors

    def _fail(self, request: Incoming, error: Exception) -> None:
        work = request.work
        self._scoring.release(request)
        try:
            reply = self._refused(request, error)
        except Exception as broken:  # noqa: BLE001 - words that cannot be sent: the caller must not wait for ever
            reply = self._refused(request, broken)
        request.client.respond(request, reply)
        if self._recorder is not None:
            self._recorder.refused(request, work, reply, error)

    def _refused(self, request: Incoming, error: Exception) -> Reply:
        if isinstance(error, Refusal):
            refusal = error
        else:
            self._note(f"request {request.id}: {error!r}")
            message = "The front failed on this request. Its log says more."
            refusal = Refusal(500, "internal_error", message)
        own = [*self._identity.headers(request), *refusal.headers]
        reply = self._protocols and self._protocols.refused(request, refusal)
        if reply:
            reply.headers = [*own, *reply.headers]
            return reply
        if not any(name == _NOT_FAILED[0] for name, _ in own):
            own.append(_NOT_FAILED)
        return Reply(refusal.status, [*own, _JSON], self._words(request, refusal))

    @staticmethod
    def _words(request: Incoming, refusal: Refusal) -> bytes:
        body: dict[str, Any] = {
            "message": refusal.message,
            "code": refusal.code,
            "request_id": request.id,
        }
        if refusal.details:
            body["details"] = refusal.details
        return msgspec.json.encode(body)


def _allow(request: Incoming, methods: tuple[str, ...]) -> None:
    if request.method not in methods:
        raise _not_allowed(request.method, methods)


def _not_allowed(method: str, methods: tuple[str, ...]) -> Refusal:
    allowed = ", ".join(methods)
    message = f"{method} is not possible here; use {allowed}."
    return Refusal(405, "method_not_allowed", message, headers=(("allow", allowed),))
