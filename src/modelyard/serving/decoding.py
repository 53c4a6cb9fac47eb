"""From what a worker writes to frames; a large one is received where it will stay."""

import struct

from modelyard_worker.frames import FRAME_LIMIT, HEADER, MAGIC, PROTOCOL, ProtocolError

Body = bytes | memoryview
Found = tuple[int, int, bytes, Body]
"""Type, id, head (JSON, or nothing) and body."""

_LENGTH = struct.Struct("!I")
_HEADER = HEADER.size
_unpack = HEADER.unpack_from
_length = _LENGTH.unpack_from


class Decoder:
    """
    Keeps what is incomplete.

    While ``wanted`` is not None the rest of a frame is missing: it is to be received into that,
    and ``filled`` called.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._frame = bytearray()
        self.wanted: memoryview | None = None

    def feed(self, data: bytes) -> list[Found]:
        """The frames that are complete now. Raises ProtocolError for foreign bytes."""
        if self._rest:
            data = self._rest + data
            self._rest = b""
        found: list[Found] = []
        start, end = 0, len(data)
        while end - start >= _HEADER:
            magic, version, kind, _, id_, _, size = _unpack(data, start)
            if magic != MAGIC or version != PROTOCOL:
                raise _foreign(magic, version)
            if size > FRAME_LIMIT:
                raise ProtocolError(f"a frame of {size} bytes; {FRAME_LIMIT} are the most")
            after = start + _HEADER + size
            if after > end:
                self._await(data[start:], _HEADER + size)
                return found
            head_at, body_at = _parts(data, start, size)
            found.append((kind, id_, data[head_at:body_at], data[body_at:after]))
            start = after
        self._rest = data[start:]
        return found

    def filled(self, count: int) -> list[Found]:
        """So many bytes were received into ``wanted``."""
        if self.wanted is not None and count < len(self.wanted):
            self.wanted = self.wanted[count:]
            return []
        self.wanted = None
        whole, self._frame = self._frame, bytearray()
        _, _, kind, _, id_, _, size = _unpack(whole)
        head_at, body_at = _parts(whole, 0, size)
        view = memoryview(whole)
        return [(kind, id_, bytes(view[head_at:body_at]), view[body_at:])]

    def _await(self, begun: bytes, size: int) -> None:
        self._frame = bytearray(size)
        self._frame[: len(begun)] = begun
        self.wanted = memoryview(self._frame)[len(begun) :]


def _parts(data: bytes | bytearray, start: int, size: int) -> tuple[int, int]:
    """Where the head and the body of a whole frame begin."""
    head_at = start + _HEADER + _LENGTH.size
    if size < _LENGTH.size:
        raise ProtocolError("a frame without the length of its head")
    body_at = head_at + int(_length(data, start + _HEADER)[0])
    if body_at > start + _HEADER + size:
        raise ProtocolError("a frame whose head is longer than itself")
    return head_at, body_at


def _foreign(magic: bytes, version: int) -> ProtocolError:
    if magic != MAGIC:
        return ProtocolError("these bytes are no frame of Modelyard")
    return ProtocolError(f"the other side speaks protocol {version}, this one {PROTOCOL}")
