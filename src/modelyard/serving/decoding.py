"""From what a worker writes to frames; a large one is received where it will stay."""

import struct

from modelyard_worker.frames import FRAME_LIMIT, HEADER, MAGIC, PROTOCOL, ProtocolError

Body = bytes | memoryview
Found = tuple[int, int, bytes, Body]
"""Type, id, head (JSON, or nothing) and body."""

_LENGTH = struct.Struct("!I").size
_HEADER = HEADER.size
_LEAST = _HEADER + _LENGTH
_unpack = HEADER.unpack_from
_unpack_start = struct.Struct(HEADER.format.replace("2sB", "3s") + "I").unpack_from
"""What every frame begins with, the rest of its header, and the length of its head."""

_BEGINNING = MAGIC + bytes((PROTOCOL,))


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
        while end - start >= _LEAST:
            beginning, kind, _, id_, _, size, length = _unpack_start(data, start)
            if beginning != _BEGINNING or size > FRAME_LIMIT:
                raise _foreign(beginning, size)
            after = start + _HEADER + size
            if after > end:
                self._await(data[start:], _HEADER + size)
                return found
            head_at = start + _LEAST
            body_at = head_at + length
            if body_at > after:
                raise _foreign(beginning, size)
            found.append((kind, id_, data[head_at:body_at], data[body_at:after]))
            start = after
        if start < end:
            self._rest = data[start:]
            _check(self._rest)
        return found

    def filled(self, count: int) -> list[Found]:
        """So many bytes were received into ``wanted``."""
        if self.wanted is not None and count < len(self.wanted):
            self.wanted = self.wanted[count:]
            return []
        self.wanted = None
        whole, self._frame = self._frame, bytearray()
        beginning, kind, _, id_, _, size, length = _unpack_start(whole)
        body_at = _LEAST + length
        if body_at > len(whole):
            raise _foreign(beginning, size)
        view = memoryview(whole)
        return [(kind, id_, bytes(view[_LEAST:body_at]), view[body_at:])]

    def _await(self, begun: bytes, size: int) -> None:
        self._frame = bytearray(size)
        self._frame[: len(begun)] = begun
        self.wanted = memoryview(self._frame)[len(begun) :]


def _check(begun: bytes) -> None:
    """What can be told of a frame that has just begun, before its head comes."""
    if len(begun) < _HEADER:
        return
    size = _unpack(begun)[-1]
    beginning = begun[: len(_BEGINNING)]
    if beginning != _BEGINNING or not _LENGTH <= size <= FRAME_LIMIT:
        raise _foreign(beginning, size)


def _foreign(beginning: bytes, size: int) -> ProtocolError:
    version = beginning[-1]
    if not beginning.startswith(MAGIC):
        return ProtocolError("these bytes are no frame of Modelyard")
    if version != PROTOCOL:
        return ProtocolError(f"the other side speaks protocol {version}, this one {PROTOCOL}")
    if size > FRAME_LIMIT:
        return ProtocolError(f"a frame of {size} bytes; {FRAME_LIMIT} are the most")
    if size < _LENGTH:
        return ProtocolError("a frame without the length of its head")
    return ProtocolError("a frame whose head is longer than itself")
