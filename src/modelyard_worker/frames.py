"""
The protocol between a front and its worker: frames on a socketpair, and one shared page.

A frame is a header of 32 bytes and a payload::

    magic     2s   b"MY"
    version   B    PROTOCOL
    type      B    one of the constants below
    flags     I    SHARED: the payload is the name and size of a shared-memory file, see below
    id        Q    the request's id, chosen by the front; 0 where there is none
    deadline  d    seconds left for run() counted from STARTED; 0.0 for none
    size      Q    bytes of payload that follow

Network byte order. A payload is its head's length (4 bytes), the JSON head, then raw body bytes;
``encode`` and ``Decoder`` do both. Several REQUEST frames may be sent in one write.

HELLO      both ways, first: {"protocol": 1, "pid": …, "python": …}; from the worker after init()
           a second HELLO with {"ready": true, "decorated": bool, …,
           "batching": {"on": bool, "why": str}} (what the self-test found, where one was asked
           for), "matrix" (what large bodies of a script the front may read, see matrices.py) and
           for a model without a script {"signature": {"inputs": [{"name", "datatype",
           "shape"}, …], "outputs": […], "columns": bool, "methods": […], "platform": str}}
           of a process that others are forked from only {"ready": true, "obstacle": why it must
           not be, else ''}; each forked worker begins with its own first HELLO
REQUEST    front -> worker: {"method", "path", "query", "headers": [[name, value], …]} + body;
           to a model without a script instead {"tensors": [[name, datatype, shape, size], …],
           "method": "predict", "request_id": …} + their data one after the other, row-major and
           little-endian, texts (BYTES) each after its length in 4 bytes;
           to a script whose matrix was read: its head with "tensors", each and the type wanted;
           "trace" besides is the traceparent that the request came with;
           several requests to be run together: {"batch": [head with "size", …]} + their bodies
STARTED    worker -> front: run() begins now (only for a request that waited behind another)
RESPONSE   worker -> front: {"status", "headers": [[name, value], …], "run_ms"} + body;
           ends the request; with "tensors" as in REQUEST the body is data; for a batch
           {"batch": [head with "size", …], "run_ms"} + bodies
CHUNK      worker -> front: a piece of a streamed body; the first carries the RESPONSE's head
END        worker -> front: no more comes for this request: its streamed body is complete
           ({"run_ms"}) or broke off ({"error", "code"}), or a CANCEL was obeyed ({"cancelled"})
CANCEL     front -> worker: the client is gone; a request not started is dropped, others may go on;
           with {"back": true} somebody else shall have it: one that runs already goes on
FAULT      worker -> front: init() or the worker itself failed: {"phase", "type", "message",
           "file", "line", "function", "traceback", "hint"}; with the phase "run" it tells, for
           telemetry, of an exception of run() besides that one's answer: {…, "request", "trace"}

The page is a memfd of PAGE_SIZE bytes with PAGE at offset 0: the id of the request that run() has
(0 for none), when it began (CLOCK_MONOTONIC) and how many requests are finished. The worker writes
start before id, and clears the id first when done: an id read twice in a row fits its start.
Requests are run in the order sent, so the count also tells which ones were run though their answer
was lost in a crash. Answers that wait to share a write lie meanwhile behind the page: KEPT at
KEPT_AT is their size, their frames begin at PAGE_SIZE. After a death the front reads them there
(``kept``); one that it had already is ignored by its id.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

PROTOCOL = 1
MAGIC = b"MY"
HEADER = struct.Struct("!2sBBIQdQ")
PAGE = struct.Struct("!QdQ")
PAGE_SIZE = 64
KEPT = struct.Struct("!Q")
KEPT_AT = PAGE.size
KEPT_LIMIT = 1 << 16

HELLO = 1
REQUEST = 2
STARTED = 3
RESPONSE = 4
CHUNK = 5
END = 6
CANCEL = 7
FAULT = 8

FRAME_LIMIT = 1 << 30
"""Bytes of the largest frame's payload; both sides may make room as soon as they know its size."""

SHARED = 1
"""Flag: the body lies in a shared-memory file; head["shared"] is [its path, its size]."""

Bytes = Union[bytes, bytearray, memoryview]

_LENGTH = struct.Struct("!I")
_START = struct.Struct(HEADER.format + "I")
"""A header, and the length of the head behind it."""
_scan: Any = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_dumps = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make one each time


class ProtocolError(Exception):
    """Bytes that are no frame of this protocol: the other side must be given up."""


class Frame:
    """One frame, its payload split into ``head`` (dict) and ``body`` (bytes-like)."""

    __slots__ = ("body", "deadline", "flags", "head", "id", "type")

    def __init__(
        self,
        type: int,
        id: int = 0,
        head: Optional[Dict[str, Any]] = None,
        body: Bytes = b"",
        deadline: float = 0.0,
        flags: int = 0,
    ) -> None:
        self.type = type
        self.id = id
        self.head: Dict[str, Any] = head or {}
        self.body = body
        self.deadline = deadline
        self.flags = flags


def encode(frame: Frame) -> bytes:
    """The frame as bytes."""
    head = _dumps(frame.head).encode() if frame.head else b""
    size = _LENGTH.size + len(head) + len(frame.body)
    header = HEADER.pack(MAGIC, PROTOCOL, frame.type, frame.flags, frame.id, frame.deadline, size)
    return b"".join((header, _LENGTH.pack(len(head)), head, frame.body))


def encode_response(id_: int, start: bytes, run_ms: float, body: Bytes) -> bytes:
    """
    A RESPONSE whose head begins with ``start`` (``response_start``), so that what is the same in
    nearly every answer is encoded once.
    """
    return response(id_, b"%s%.3f}" % (start, run_ms), body)


def response(id_: int, head: bytes, body: Bytes) -> bytes:
    """A RESPONSE whose head is JSON already."""
    length = len(head)
    size = _LENGTH.size + length + len(body)
    return b"".join(
        (_START.pack(MAGIC, PROTOCOL, RESPONSE, 0, id_, 0.0, size, length), head, body)
    )


def response_start(status: int, headers: Sequence[Sequence[str]]) -> bytes:
    """The head of a RESPONSE up to the time that run() took."""
    return ('{"status":%d,"headers":%s,"run_ms":' % (status, _dumps(headers))).encode()


def kept_bytes(fd: int) -> bytes:
    """The frames of what a dead worker had finished and not yet sent; ``fd`` is its page."""
    header = os.pread(fd, KEPT.size, KEPT_AT)
    size = KEPT.unpack(header)[0] if len(header) == KEPT.size else 0
    return os.pread(fd, min(size, KEPT_LIMIT), PAGE_SIZE) if size else b""


def kept(fd: int) -> List[Frame]:
    """The same, decoded."""
    return Decoder().feed(kept_bytes(fd))


class Decoder:
    """Turns bytes as they come into frames; keeps what is incomplete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: Bytes) -> List[Frame]:
        """The frames that are complete now. Raises ProtocolError for foreign bytes."""
        if not self._buffer:
            frames, start = _decode_all(memoryview(data))
            if start < len(data):
                self._buffer += data[start:]
            return frames
        self._buffer += data
        # the view must be gone before the buffer may shrink
        with memoryview(self._buffer) as view:
            frames, start = _decode_all(view)
        if start:
            del self._buffer[:start]
        return frames


def _decode_all(view: memoryview) -> Tuple[List[Frame], int]:
    """The frames that are whole, and where they end."""
    frames: List[Frame] = []
    start, whole = 0, len(view)
    while whole - start >= HEADER.size:
        frame, end = _decode(view, start)
        if frame is None:
            break
        frames.append(frame)
        start = end
    return frames, start


def _decode(view: memoryview, start: int) -> Tuple[Optional[Frame], int]:
    """The frame that begins at ``start`` and where it ends; None while it is incomplete."""
    magic, version, kind, flags, id_, deadline, size = HEADER.unpack_from(view, start)
    if magic != MAGIC or version != PROTOCOL or size > FRAME_LIMIT:
        raise _foreign(magic, version, size)
    at = start + _START.size
    end = start + HEADER.size + size
    if len(view) < end:
        return None, end
    if size < _LENGTH.size:
        raise ProtocolError("a frame without the length of its head")
    (length,) = _LENGTH.unpack_from(view, start + HEADER.size)
    body_at = at + length
    if body_at > end:
        raise ProtocolError("a frame whose head is longer than itself")
    head = _parse(view[at:body_at]) if length else None
    return Frame(kind, id_, head, bytes(view[body_at:end]), deadline, flags), end


def _foreign(magic: bytes, version: int, size: int) -> ProtocolError:
    if magic != MAGIC:
        return ProtocolError("these bytes are no frame of Modelyard")
    if version != PROTOCOL:
        return ProtocolError(
            "the other side speaks protocol %d, this one %d" % (version, PROTOCOL)
        )
    return ProtocolError("a frame of %d bytes; %d are the most" % (size, FRAME_LIMIT))


def _parse(data: memoryview) -> Dict[str, Any]:
    """``json.loads`` without its search for spaces around, which costs more than a small head."""
    try:
        text = str(data, "utf-8")
        value, end = _scan(text, 0)
        if end != len(text):
            value = json.loads(text)
    except (ValueError, StopIteration):
        raise ProtocolError("a frame whose head is no JSON") from None
    if not isinstance(value, dict):
        raise ProtocolError("a frame whose head is no JSON object")
    return value
