"""Large bodies that reach the worker without going through its socket."""

import mmap
import os
import sys
from typing import TypeVar

SHARED_FROM = 256 * 1024
"""Bytes of a body from which it is written to shared memory; measured, see the benchmarks."""

AVAILABLE = sys.platform == "linux"

KEPT_BYTES = 16 * 1024 * 1024
"""Bytes of files that are kept at most to be written again: their memory is there already."""


_kept: list[tuple[int, int]] = []
"""Files and what they hold."""


class SharedBody:
    """
    A file of memory without a name, which the worker opens by way of /proc while this lives.

    Nothing of it is left when the front is killed. It is closed when the last one who holds it
    lets go: a worker must never open the number of a file that became another request's.
    """

    __slots__ = ("_fd", "_room", "_size")

    def __init__(self, content: bytes | bytearray | memoryview = b"") -> None:
        """Raises OSError when no more files may be opened."""
        self._fd = os.memfd_create("modelyard-body", os.MFD_CLOEXEC)
        self._size = self._room = 0
        self.extend(content)

    @classmethod
    def again(cls, content: bytes | bytearray | memoryview) -> "SharedBody":
        """One in a file that was kept, where there is one. Raises OSError."""
        if not _kept:
            return cls(content)
        body = cls.__new__(cls)
        body._fd, body._room = _kept.pop()
        body._size = 0
        os.lseek(body._fd, 0, os.SEEK_SET)
        body.extend(content)
        return body

    def keep(self) -> None:
        """
        Keep its file for ``again``; of this body nothing can be read any more.

        Only for who knows that its worker has answered, so has done with it: a worker's view of
        it changes with the next body.
        """
        room = max(self._room, self._size)
        if self._fd >= 0 and room + sum(size for _, size in _kept) <= KEPT_BYTES:
            _kept.append((self._fd, room))
            self._fd = -1

    def extend(self, piece: bytes | bytearray | memoryview) -> None:
        """Write more at its end."""
        view = memoryview(piece)
        while view:
            written = os.write(self._fd, view)
            self._size += written
            view = view[written:]

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return self.bytes()

    def bytes(self) -> bytes:
        """All of it, for who cannot take it where it lies."""
        if not self._size:
            return b""
        with mmap.mmap(self._fd, self._size, prot=mmap.PROT_READ) as memory:
            return memory[:]

    @property
    def path(self) -> str:
        """Where a process of the same user opens it."""
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            os.close(self._fd)


Body = TypeVar("Body", bound=bytes | bytearray | memoryview | SharedBody)


def where_it_lies(body: Body) -> Body | SharedBody:
    """A large body in shared memory; it also goes through the socket, only slower."""
    if isinstance(body, SharedBody) or not AVAILABLE or len(body) <= SHARED_FROM:
        return body
    try:
        return SharedBody.again(body)
    except OSError:
        return body  # no more files may be open


def forget() -> None:
    """Let go of the files that are kept."""
    while _kept:
        os.close(_kept.pop()[0])
