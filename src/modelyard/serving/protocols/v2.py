"""
The Open Inference Protocol (V2) of one service, as Triton speaks it.

The service answers under its own name and under its models' names; any version of them will do.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from modelyard.domain.fronts import FrontSpec
from modelyard.domain.predictors import Signature, TensorSpec
from modelyard.serving.exchange import Answer, Headers, Prepared, Reply, Request
from modelyard.serving.protocols import compression, frames, script_bodies, v2_answer, v2_request
from modelyard.serving.protocols.facts import Names, names_of, usual_method
from modelyard.serving.protocols.matching import matched
from modelyard.serving.protocols.script_types import ScriptTypes
from modelyard.serving.protocols.scripted import script_head
from modelyard.serving.protocols.statistics import Statistics
from modelyard.serving.protocols.v2_paths import Page, Place
from modelyard.serving.protocols.v2_request import BINARY_HEADER, Inference
from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors.tensor import Tensor, joined

EXTENSIONS = ("binary_tensor_data", "statistics", "model_repository")

_encode = msgspec.json.Encoder().encode
_JSON = ("content-type", "application/json")
_SCRIPT = "modelyard_script"


class V2:
    """
    Answers what needs no worker, and makes inference requests of bodies.

    ``version`` is Modelyard's own; ``ready`` says whether the service takes requests now.
    """

    def __init__(self, spec: FrontSpec, version: str, ready: Callable[[], bool]) -> None:
        self._spec = spec
        self._version = version
        self._ready = ready
        self._names: Names = names_of(spec)
        self.statistics = Statistics()

    def reply(
        self, request: Request, place: Place, facts: "Signature | ScriptTypes | None"
    ) -> Reply:
        """Everything but inference. Raises the refusal."""
        self.check(place, request.method)
        page, ready = place.page, self._ready()
        if page is Page.SERVER:
            server = {"name": "modelyard", "version": self._version, "extensions": EXTENSIONS}
            return _json(server)
        if page is Page.LIVE:
            return _json({"live": True})
        if page in {Page.READY, Page.MODEL_READY}:
            return _json({"ready": ready}, 200 if ready else 400)
        if page is Page.INDEX:
            return _json(self._index(ready))
        if page is Page.STATISTICS:
            name, version = place.model or self._names.models[0], self._version_of(place)
            return _json({"model_stats": [self.statistics.told(name, version)]})
        if facts is None:
            raise _not_ready(place.model or "")
        return _json(self._metadata(place, facts))

    def check(self, place: Place, method: str) -> None:
        """Raises the 404 of an unknown model or version, the 405 of a wrong method."""
        names = self._names
        if place.model is not None and place.model not in names.models:
            raise Refusal(
                404,
                "not_found",
                f"Request for unknown model: '{place.model}' is not found; this service is "
                f"'{names.models[0]}'.",
            )
        if place.version is not None and place.version not in names.versions:
            raise Refusal(
                404,
                "not_found",
                f"Request for unknown model: '{place.model}' version {place.version} is not "
                f"found; there is {', '.join(names.versions)}.",
            )
        if method not in place.page.methods:
            allowed = ", ".join(place.page.methods)
            message = f"{method} is not possible here; use {allowed}."
            raise Refusal(405, "method_not_allowed", message, headers=(("allow", allowed),))

    def infer(
        self,
        request: Request,
        body: bytes,
        place: Place,
        facts: "Signature | ScriptTypes",
        request_id: str,
        *,
        missing: bool,
    ) -> Prepared:
        """The request of a worker. Raises the refusal that names what is wrong."""
        began = time.perf_counter_ns()
        header_length = request.header(BINARY_HEADER)
        scripted = isinstance(facts, ScriptTypes)
        asked = v2_request.read(body, header_length, missing=missing or scripted)
        if isinstance(facts, ScriptTypes):
            given = script_bodies.body_of(asked.tensors, facts, "inputs")
            head = script_head(request, request_id, is_json=True)
            finish = self._finisher(request, place, asked, began, _of_script)
            return Prepared(head, given, finish)
        method = _method(asked, facts)
        paths = {t.name: f"inputs[{i}].data" for i, t in enumerate(asked.tensors)}
        tensors = matched(asked.tensors, facts, missing=missing, root="inputs", paths=paths)
        head = frames.request_head(tensors, method, request_id)
        data = joined(tensors)
        finish = self._finisher(request, place, asked, began, frames.tensors_of)
        return Prepared(head, data if isinstance(data, memoryview) else bytes(data), finish)

    def refused(self, refusal: Refusal) -> Reply:
        """The error in Triton's shape; a field that is wrong is a 400 there."""
        status = 400 if refusal.status == 422 else refusal.status
        return _json({"error": refusal.message}, status)

    def _finisher(
        self,
        request: Request,
        place: Place,
        asked: Inference,
        began: int,
        read: Callable[[Answer], list[Tensor]],
    ) -> Callable[[Answer, Headers], Reply]:
        taken = time.perf_counter_ns()
        rows = max((t.shape[0] for t in asked.tensors if t.shape), default=1)
        encoding = compression.chosen(request.header("accept-encoding"))
        name, version = place.model or self._names.models[0], self._version_of(place)

        def finish(answer: Answer, headers: Headers) -> Reply:
            answered = time.perf_counter_ns()
            if answer.status != 200:
                self.statistics.failed(answered - began)
                frames.blame(answer)
                status = answer.status if answer.status >= 500 else 400
                reply = _json({"error": frames.message_of(answer)}, status)
                return Reply(status, [*headers, *reply.headers], reply.body)
            content, body = v2_answer.write(read(answer), asked, name, version, self._spec.nan)
            if encoding is not None and len(body) >= compression.LEAST:
                body = compression.deflated(body, encoding)
                content = [*content, ("content-encoding", encoding), ("vary", "accept-encoding")]
            now = time.perf_counter_ns()
            self.statistics.succeeded(
                rows,
                total=now - began,
                read=taken - began,
                run=round((answer.run_ms or 0) * 1e6),
                write=now - answered,
                now_ms=round(time.time() * 1000),
            )
            return Reply(200, [*headers, *content], body)

        return finish

    def _version_of(self, place: Place) -> str:
        return place.version or self._names.versions[0]

    def _index(self, ready: bool) -> list[dict[str, str]]:
        state = "READY" if ready else "UNAVAILABLE"
        reason = "" if ready else "the service is not ready"
        version = self._names.versions[0]
        return [
            {"name": name, "version": version, "state": state, "reason": reason}
            for name in self._names.models[:1]
        ]

    def _metadata(self, place: Place, facts: "Signature | ScriptTypes") -> dict[str, Any]:
        platform = facts.platform if isinstance(facts, Signature) else _SCRIPT
        return {
            "name": place.model,
            "versions": self._names.versions,
            "platform": platform or "modelyard",
            "inputs": _told(facts.inputs),
            "outputs": _told(facts.outputs),
        }


def _of_script(answer: Answer) -> list[Tensor]:
    return script_bodies.tensors_of(bytes(frames.whole(answer)))


def _method(asked: Inference, signature: Signature) -> str:
    """The method of the parameters, or the one that the only output is named for."""
    if asked.method is not None:
        frames.check_method(asked.method, signature.methods)
        return asked.method
    outputs = {spec.name for spec in signature.outputs}
    names = {output.name for output in asked.outputs}
    if len(names) == 1 and not names & outputs:
        (name,) = names
        if name in signature.methods:
            return name
    return usual_method(signature)


def _told(specs: Sequence[TensorSpec]) -> list[Mapping[str, Any]]:
    return [
        {"name": spec.name, "datatype": spec.datatype or "FP64", "shape": spec.shape or (-1,)}
        for spec in specs
    ]


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, [_JSON], _encode(value))


def _not_ready(model: str) -> Refusal:
    return Refusal(
        503,
        "starting",
        f"The model '{model}' is not ready yet.",
        headers=(("retry-after", "1"),),
    )
