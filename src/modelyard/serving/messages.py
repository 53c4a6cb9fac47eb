"""Frames as the front writes and reads them; no I/O."""

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from modelyard.serving.tickets import Headers, Ticket
from modelyard_worker import frames

_encode = msgspec.json.Encoder().encode
_LENGTH = struct.Struct("!I")
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


def request_head(method: str, path: str, query: str, headers: Headers) -> bytes:
    """The head of a REQUEST frame."""
    return _encode({"method": method, "path": path, "query": query, "headers": headers})


def requests(tickets: Sequence[Ticket], timeout: float) -> bytes:
    """REQUEST frames, one after the other."""
    parts: list[bytes] = []
    for ticket in tickets:
        head, body = ticket.head, ticket.body
        size = 4 + len(head) + len(body)
        header = frames.HEADER.pack(
            frames.MAGIC, frames.PROTOCOL, frames.REQUEST, 0, ticket.id, timeout, size
        )
        parts += (header, _LENGTH.pack(len(head)), head, body)
    return b"".join(parts)


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
