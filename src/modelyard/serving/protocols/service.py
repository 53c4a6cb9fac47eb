"""All that a service speaks beside a script's own protocol, as the front asks for it."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from modelyard.domain.fronts import FrontSpec
from modelyard.domain.predictors import Signature
from modelyard.serving import cors
from modelyard.serving.exchange import Prepared, Reply, Request
from modelyard.serving.heap import LARGE, Heap
from modelyard.serving.protocols import compression, content, scripted
from modelyard.serving.protocols.facts import signature_of, takes_missing
from modelyard.serving.protocols.scoring import Scoring
from modelyard.serving.protocols.script_matrix import ScriptMatrix, matrix_of
from modelyard.serving.protocols.script_types import ScriptTypes, types_of
from modelyard.serving.protocols.v2 import V2
from modelyard.serving.protocols.v2_paths import Page, is_v2, place_of
from modelyard.serving.refusals import Refusal, unavailable

Hello = Mapping[str, Any]
Describe = Callable[[str | None, Signature | ScriptTypes, Hello], bytes]
"""Writes the OpenAPI document: ``openapi.service.Described.document``."""

_SCORE = "/score"
_METHODS = ("POST", "OPTIONS")
_JSON = ("content-type", "application/json")


class ServiceProtocols:
    """
    Implements ``exchange.Protocols``.

    ``told`` gives the worker's second HELLO, None before the first came; ``ready`` says whether
    requests are taken now; ``version`` is Modelyard's own; ``heap`` is told of large bodies.
    """

    def __init__(
        self,
        spec: FrontSpec,
        told: Callable[[], Hello | None],
        ready: Callable[[], bool],
        *,
        version: str,
        describe: Describe,
        heap: Heap | None = None,
    ) -> None:
        self._spec = spec
        self._told = told
        self._scripted = spec.predictor is None
        self._hello: Hello | None = None
        self._facts: Signature | ScriptTypes | None = None
        self._scoring: Scoring | None = None
        self._matrix: ScriptMatrix | None = None
        self._missing = False
        self._v2 = V2(spec, version, ready)
        self._describe_as = describe
        self._heap = heap

    def immediate(self, request: Request) -> Reply | None:
        """The reply to what needs no worker; None for all else. Raises Refusal."""
        path = request.path
        if request.method == "OPTIONS" and (path == _SCORE or is_v2(path)):
            return self._options(request)
        if is_v2(path):
            place = place_of(path)
            if place is None:
                raise Refusal(404, "not_found", f"There is no {path} in the protocol.")
            self._learn()
            return self._v2.reply(request, place, self._facts)
        if path == _SCORE and not self._scripted:
            raise _not_allowed(request.method)
        if path == "/openapi.json" or (path == "/swagger.json" and not self._scripted):
            return self._describe(request)
        return None

    def takes(self, request: Request) -> bool:
        """Whether ``prepare`` is to make a worker's request of it."""
        if request.path == _SCORE:
            if self._scripted:
                return self._is_converted(request)
            return request.method == "POST"
        if not is_v2(request.path) or request.method != "POST":
            return False
        place = place_of(request.path)
        if place is None or place.page is not Page.INFER:
            return False
        self._v2.check(place, request.method)
        return True

    def reads(self, request: Request, size: int) -> bool:
        """Whether ``prepare`` is to read a script's own request, with a body of that size."""
        self._learn()
        return (
            self._matrix is not None
            and request.path == _SCORE
            and self._matrix.takes(request, size)
        )

    def prepare(self, request: Request, body: bytes) -> Prepared:
        """What goes to a worker. Raises Refusal."""
        facts = self._learn()
        if facts is None:
            raise unavailable("starting", "The first worker of this service is still starting.")
        encoding = request.header("content-encoding")
        if encoding is not None:
            body = compression.inflated(body, encoding, self._spec.body_limit)
        self._noted(len(body))
        prepared = self._prepared(request, body, facts)
        self._noted(len(prepared.body))  # short numbers are longer as tensors
        return prepared

    def _noted(self, size: int) -> None:
        if self._heap is not None and size >= LARGE:
            self._heap.use()

    def _prepared(self, request: Request, body: bytes, facts: Signature | ScriptTypes) -> Prepared:
        id_ = str(getattr(request, "id", "") or request.header("x-request-id") or "")
        place = place_of(request.path) if is_v2(request.path) else None
        if place is not None:
            return self._v2.infer(request, body, place, facts, id_, missing=self._missing)
        if self._matrix is not None and not self._is_converted(request):
            return self._matrix.prepare(request, body, id_)
        if isinstance(facts, ScriptTypes):
            return scripted.prepare(request, body, facts, id_)
        if self._scoring is None or self._scoring.signature is not facts:
            self._scoring = Scoring(self._spec, facts, missing=self._missing)
        return self._scoring.prepare(request, body, id_)

    def refused(self, request: Request, refusal: Refusal) -> Reply | None:
        """The error in the shape of the path's protocol; None for our own."""
        return self._v2.refused(refusal) if is_v2(request.path) else None

    def description(self) -> bytes | None:
        """The OpenAPI document; None before a worker was ready."""
        facts = self._learn()
        if facts is None or self._hello is None:
            return None
        return self._describe_as("3.1", facts, self._hello)

    def _learn(self) -> Signature | ScriptTypes | None:
        """What the worker said; kept until another one says something else."""
        hello = self._told()
        if hello is None or hello is self._hello:
            return self._facts
        self._hello = hello
        signature = signature_of(hello)
        self._missing = takes_missing(hello)
        self._facts = types_of(hello) if signature is None else signature
        self._matrix = matrix_of(hello) if signature is None else None
        return self._facts

    def _is_converted(self, request: Request) -> bool:
        """Whether a script's request or its answer has another form than the script's own."""
        if not (
            content.is_binary(request.header("content-type"))
            or content.is_binary(request.header("accept"))
        ):
            return False
        hello = self._told()
        return hello is not None and not hello.get("raw")

    def _options(self, request: Request) -> Reply | None:
        if self._scripted and request.path == _SCORE:
            return None
        place = place_of(request.path) if is_v2(request.path) else None
        methods = _METHODS if place is None else (*place.page.methods, "OPTIONS")
        origins = self._spec.cors_origins
        if not (origins and request.header("access-control-request-method")):
            return Reply(200, [("allow", ", ".join(methods))])
        origin = request.header("origin")
        asked = request.header("access-control-request-headers")
        own = cors.headers(origin, origins)  # the front adds these itself
        answer = cors.preflight(origin, asked, methods, origins)
        return Reply(204, [pair for pair in answer if pair not in own])

    def _describe(self, request: Request) -> Reply:
        if request.method not in {"GET", "HEAD"}:
            raise _not_allowed(request.method, ("GET", "HEAD"))
        facts = self._learn()
        if facts is None or self._hello is None:
            raise unavailable("starting", "The first worker of this service is still starting.")
        asked = parse_qs(request.query, keep_blank_values=True).get("version", [None])[-1]
        version = "3.1" if request.path == "/openapi.json" and asked is None else asked
        return Reply(200, [_JSON], self._describe_as(version, facts, self._hello))


def _not_allowed(method: str, methods: tuple[str, ...] = _METHODS) -> Refusal:
    allowed = ", ".join(methods)
    message = f"{method} is not possible here; use {allowed}."
    return Refusal(405, "method_not_allowed", message, headers=(("allow", allowed),))
