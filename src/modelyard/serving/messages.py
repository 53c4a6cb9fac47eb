"""Frames as the front writes and reads them; no I/O."""

import json
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from modelyard.domain.fronts import AGAIN_HEADER
from modelyard.domain.shadows import SHADOW_HEADER
from modelyard.serving.exchange import HeaderLines
from modelyard.serving.http_request import Incoming
from modelyard.serving.sharing import SHARED_FROM, SharedBody
from modelyard.serving.tickets import Headers, Ticket
from modelyard.telemetry.tracing import accepted
from modelyard_worker import frames

Bytes = bytes | bytearray | memoryview

RESERVED = frozenset(
    (
        "server",
        "x-ms-server-version",
        "x-modelyard-version",
        "azureml-model-deployment",
        "x-ms-request-id",
        "x-request-id",
    )
)
"""Headers that are the front's own: a script's are left out."""

BUCKET, USER, CHOSEN = b"x-modelyard-bucket", b"x-modelyard-user", b"x-modelyard-chosen"
"""How a request was shared out, says the gateway; what clients send so named it removes."""

AGAIN = AGAIN_HEADER.encode()

OURS = frozenset(name.decode() for name in (BUCKET, USER, CHOSEN, AGAIN)) | {SHADOW_HEADER}
_TOLD = frozenset((BUCKET, CHOSEN, AGAIN))
"""Of those that the gateway sends, one is always among these."""


def without_ours(request: Incoming) -> Headers:
    """A request's headers, as a script may see them."""
    headers = request.headers
    if _TOLD.isdisjoint(request.known):
        return headers
    return [pair for pair in headers if pair[0] not in OURS]


_encode = msgspec.json.Encoder().encode
_HEADER = struct.Struct(frames.HEADER.format + "I")
"""A frame's header, and the length of its head."""
_LENGTH_SIZE = _HEADER.size - frames.HEADER.size
_MAGIC, _PROTOCOL, _REQUEST = frames.MAGIC, frames.PROTOCOL, frames.REQUEST
_pack = _HEADER.pack
_HOP_BY_HOP = {
    "connection",
    "content-length",
    "keep-alive",
    "transfer-encoding",
    "upgrade",
    "date",
}
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+").fullmatch
_VALUE = re.compile(r"[\t -~\x80-\xff]*").fullmatch
_KNOWN_LIMIT = 256
_KNOWN_SIZE = 2048
_TIME = "x-ms-run-fn-exec-ms"
_FAILED = "x-ms-run-function-failed"


class PartHead(msgspec.Struct):
    """The head of one answer in the answer to a batch."""

    size: int
    status: int = 200
    headers: msgspec.Raw = msgspec.Raw(b"[]")
    run_ms: float | None = None


class ResponseHead(msgspec.Struct):
    """The head of a RESPONSE, or of the first CHUNK."""

    status: int = 200
    headers: msgspec.Raw = msgspec.Raw(b"[]")
    run_ms: float | None = None
    tensors: list[Any] | None = None
    batch: list[PartHead] | None = None


response_head = msgspec.json.Decoder(ResponseHead).decode
"""Raises msgspec.MsgspecError for what is no such head."""


_known: dict[bytes, tuple[Headers, HeaderLines]] = {}


def headers_of(raw: bytes) -> tuple[Headers, HeaderLines]:
    """Headers as they came, in JSON; most scripts set the same again and again."""
    found = _known.get(raw)
    if found is None:
        headers = response_headers(_pairs(raw))
        found = headers, header_lines(headers)
        if len(raw) <= _KNOWN_SIZE and not found[1].timed:
            if len(_known) >= _KNOWN_LIMIT:
                _known.clear()
            _known[raw] = found
    return found


def header_lines(headers: Headers) -> HeaderLines:
    """What a script set, with what every answer of a script has."""
    names = {name for name, _ in headers}
    sent = [(name, value) for name, value in headers if name not in RESERVED]
    if "content-type" not in names:
        sent.append(("content-type", "application/json"))
    if _FAILED not in names:
        sent.append((_FAILED, "False"))
    lines = "".join([f"{name}: {value}\r\n" for name, value in sent])
    return HeaderLines(lines.encode("latin-1"), _TIME in names)


def _pairs(raw: bytes) -> Iterable[Sequence[Any]]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, list | None):
        raise frames.ProtocolError("headers that are no list")
    return [pair for pair in found or () if isinstance(pair, list) and len(pair) == 2]


WORKER_HEADERS = ["content-type", "x-request-id"]
"""What a worker looks at itself; one that says so in its HELLO needs no other."""

_SAFE = re.compile(rb"[^\"\\\x00-\x1f\x7f-\xff]*").fullmatch


class ShortHeads:
    """
    Heads for POSTs to a script that does not ask for headers: what the worker itself looks at.

    All but the id is the same from request to request.
    """

    def __init__(self) -> None:
        self._known: dict[bytes | None, bytes] = {}

    def head(self, request: Incoming) -> bytes | None:
        """None where it must be encoded after all."""
        if request.method != "POST" or request.query:
            return None
        content_type, id_ = request.known.get(b"content-type"), request.tag
        beginning = self._known.get(content_type)
        if beginning is None:
            beginning = self._begin(content_type)
        if not beginning or b'"' in id_ or b"\\" in id_:
            return None
        return b'%s["x-request-id","%s"]]}' % (beginning, id_)

    def _begin(self, content_type: bytes | None) -> bytes:
        if content_type is not None and not (
            len(content_type) <= _KNOWN_SIZE and _SAFE(content_type)
        ):
            return b""
        pair = b"" if content_type is None else b'["content-type","%s"],' % content_type
        beginning = b'{"method":"POST","path":"/score","query":"","headers":[%s' % pair
        if len(self._known) >= _KNOWN_LIMIT:
            self._known.clear()
        self._known[content_type] = beginning
        return beginning


def request_head(method: str, path: str, query: str, headers: Headers) -> bytes:
    """The head of a REQUEST frame."""
    return _encode({"method": method, "path": path, "query": query, "headers": headers})


def with_trace(head: bytes, traceparent: bytes) -> bytes:
    """A REQUEST's head that tells the worker of the trace, for its log lines."""
    if not accepted(traceparent):
        return head
    return b'%s,"trace":"%s"}' % (head[:-1], traceparent)


def requests(tickets: Sequence[Ticket], timeout: float) -> list[Bytes]:
    """REQUEST frames, one after the other, as pieces to be written; no large body is copied."""
    if len(tickets) == 1 and len(tickets[0].body) <= SHARED_FROM:
        return [b"".join(_frame(tickets[0], timeout))]
    pieces: list[Bytes] = []
    small: list[Bytes] = []
    for ticket in tickets:
        start, head, body = _frame(ticket, timeout)
        small += (start, head)
        if len(body) > SHARED_FROM:
            pieces += (b"".join(small), body)
            small = []
        else:
            small.append(body)
    if small:
        pieces.append(b"".join(small))
    return pieces


def _frame(ticket: Ticket, timeout: float) -> tuple[bytes, bytes, Bytes]:
    head, body, flags = ticket.head, ticket.body, 0
    if isinstance(body, SharedBody):
        head, body, flags = _with_shared(head, body), b"", frames.SHARED
    length = len(head)
    whole = _LENGTH_SIZE + length + len(body)
    start = _pack(_MAGIC, _PROTOCOL, _REQUEST, flags, ticket.id, timeout, whole, length)
    return start, head, body


def _with_shared(head: bytes, body: SharedBody) -> bytes:
    return head[:-1] + b',"shared":' + _encode([body.path, len(body)]) + b"}"


def hello(greeting: Mapping[str, Any]) -> bytes:
    """The front's HELLO."""
    return frames.encode(frames.Frame(frames.HELLO, 0, dict(greeting)))


def response_headers(pairs: Iterable[Sequence[Any]]) -> Headers:
    """
    The headers a script set, as they may be sent.

    Those of the connection are the server's own; a name or value with characters that HTTP does
    not allow is left out, because it would take the answer with it.
    """
    headers: Headers = []
    for name, value in pairs:
        lower, text = str(name).lower(), str(value)
        if lower not in _HOP_BY_HOP and _NAME(lower) and _VALUE(text):
            headers.append((lower, text))
    return headers


def fault_of(head: Mapping[str, Any]) -> dict[str, Any]:
    """A FAULT's facts, all of them present."""
    names = ("phase", "type", "message", "file", "line", "traceback", "hint")
    return {name: head.get(name) for name in names}
