"""
The protocol between a front and its worker: frames on a socketpair.

A frame is a header of 32 bytes and a payload::

    magic     2s   b"MY"
    version   B    PROTOCOL
    type      B    one of the constants below
    flags     I    SHARED: the payload is the name and size of a shared-memory file, see below
    id        Q    the request's id, chosen by the front; 0 where there is none
    deadline  d    seconds left for run() counted from STARTED; 0.0 for none
    size      Q    bytes of payload that follow

Network byte order. A payload is a JSON head, its length before it (4 bytes), then raw body bytes;
``pack`` and ``Payload`` do both. Several REQUEST frames may be sent in one write.

HELLO      both ways, first: {"protocol": 1, "pid": …, "python": …}; from the worker after init()
           a second HELLO with {"ready": true, "swagger": bool, …}
REQUEST    front -> worker: {"method", "path", "query", "headers": [[name, value], …]} + body
STARTED    worker -> front: run() begins now; the scoring timeout counts from here
RESPONSE   worker -> front: {"status", "headers": [[name, value], …], "run_ms"} + body; ends the request
CHUNK      worker -> front: a piece of a streamed body; the first carries the RESPONSE's head
END        worker -> front: the streamed body is complete (or {"error": …})
CANCEL     front -> worker: the client is gone; a request not started is dropped, others may go on
FAULT      worker -> front: init() or the worker itself failed: {"type", "message", "file", "line",
           "traceback"}
"""

import json
import struct

PROTOCOL = 1
MAGIC = b"MY"
HEADER = struct.Struct("!2sBBIQdQ")

HELLO = 1
REQUEST = 2
STARTED = 3
RESPONSE = 4
CHUNK = 5
END = 6
CANCEL = 7
FAULT = 8

SHARED = 1
"""Flag: the body lies in a shared-memory file whose name and size are head["shared"]."""

_LENGTH = struct.Struct("!I")


class ProtocolError(Exception):
    """Bytes that are no frame of this protocol: the other side must be given up."""


class Frame:
    """One frame, its payload split into ``head`` (dict) and ``body`` (bytes-like)."""

    __slots__ = ("body", "deadline", "flags", "head", "id", "type")

    def __init__(self, type, id=0, head=None, body=b"", deadline=0.0, flags=0):  # noqa: A002
        self.type = type
        self.id = id
        self.head = head or {}
        self.body = body
        self.deadline = deadline
        self.flags = flags


def encode(frame):
    """The frame as bytes."""
    head = json.dumps(frame.head, separators=(",", ":")).encode() if frame.head else b""
    size = _LENGTH.size + len(head) + len(frame.body)
    header = HEADER.pack(
        MAGIC, PROTOCOL, frame.type, frame.flags, frame.id, frame.deadline, size
    )
    return b"".join((header, _LENGTH.pack(len(head)), head, frame.body))


class Decoder:
    """Turns bytes as they come into frames; keeps what is incomplete."""

    def __init__(self):
        self._buffer = bytearray()

    def feed(self, data):
        """The frames that are complete now. Raises ProtocolError for foreign bytes."""
        self._buffer += data
        frames = []
        start = 0
        view = self._buffer
        while len(view) - start >= HEADER.size:
            magic, version, kind, flags, id_, deadline, size = HEADER.unpack_from(view, start)
            if magic != MAGIC:
                raise ProtocolError("these bytes are no frame of Modelyard")
            if version != PROTOCOL:
                raise ProtocolError(
                    "the other side speaks protocol %d, this one %d" % (version, PROTOCOL)
                )
            end = start + HEADER.size + size
            if len(view) < end:
                break
            at = start + HEADER.size
            (length,) = _LENGTH.unpack_from(view, at)
            at += _LENGTH.size
            head = json.loads(bytes(view[at : at + length])) if length else {}
            frames.append(Frame(kind, id_, head, bytes(view[at + length : end]), deadline, flags))
            start = end
        if start:
            del self._buffer[:start]
        return frames
