"""Binary bodies on /score of a script: they become its JSON, and its JSON becomes them."""

from collections.abc import Callable

from modelyard.serving.exchange import Answer, Headers, Prepared, Reply, Request
from modelyard.serving.messages import OURS, RESERVED, request_head, with_trace
from modelyard.serving.protocols import content, frames, script_bodies
from modelyard.serving.protocols.content import Kind
from modelyard.serving.protocols.scoring import run_headers
from modelyard.serving.protocols.script_types import ScriptTypes
from modelyard.serving.tensors import npy

_JSON = ("content-type", Kind.JSON.value)
_NOT_PASSED_ON = OURS | {"x-request-id"}
_REPLACED = {"content-type", "content-length", "content-encoding", "transfer-encoding"}


def prepare(request: Request, body: bytes, types: ScriptTypes, request_id: str) -> Prepared:
    """The request as run() expects it. Raises the refusal that names what does not fit."""
    given = content.media_type(request.header("content-type"))
    binary = content.is_binary(given)
    if binary and given.endswith("octet-stream") and bytes(body[:6]) != npy.MAGIC:
        binary = False
    if binary:
        body = _body(request, body, types)
    head = script_head(request, request_id, is_json=binary)
    kind = content.wanted(request)
    return Prepared(head, body, _renderer(kind))


def script_head(request: Request, request_id: str, *, is_json: bool) -> bytes:
    """The head of the frame: the request as it came, but for what its new body is."""
    headers = [pair for pair in request.headers if pair[0] not in _NOT_PASSED_ON]
    if is_json:
        headers = [pair for pair in headers if pair[0] not in _REPLACED]
        headers.append(_JSON)
    headers.append(("x-request-id", request_id))
    method = "POST" if is_json else request.method
    head = request_head(method, "/score", request.query, headers)
    trace = request.header("traceparent")
    return head if trace is None else with_trace(head, trace.encode("latin-1"))


def passed_on(answer: Answer, headers: Headers) -> Reply:
    """A script's answer as it is; the front's own headers win."""
    taken = {name for name, _ in headers} | RESERVED
    merged = [*headers, *(pair for pair in answer.headers if pair[0] not in taken)]
    names = {name for name, _ in merged}
    merged += [pair for pair in run_headers(answer) if pair[0] not in names]
    if "content-type" not in names:
        merged.append(_JSON)
    return Reply(answer.status, merged, answer.body)


def _body(request: Request, body: bytes, types: ScriptTypes) -> bytes:
    kind = content.kind_of(request, body)
    tensors = content.read(kind, body)
    for tensor in tensors:
        script_bodies.check_filled(tensor)
    if kind is Kind.NPY:
        return script_bodies.body_of_array(tensors[0], types)
    return script_bodies.body_of_table(tensors, types)


def _renderer(kind: Kind) -> Callable[[Answer, Headers], Reply]:
    def render(answer: Answer, headers: Headers) -> Reply:
        if kind is Kind.JSON or answer.status != 200 or not _is_json(answer):
            return passed_on(answer, headers)
        tensors = script_bodies.tensors_of(bytes(frames.whole(answer)))
        body = content.written(tensors, kind)
        own = [*headers, *run_headers(answer), ("content-type", kind.value)]
        return Reply(200, own, body)

    return render


def _is_json(answer: Answer) -> bool:
    types = [value for name, value in answer.headers if name == "content-type"]
    return not types or content.media_type(types[0]) == Kind.JSON.value
