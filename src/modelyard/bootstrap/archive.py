"""
The tar that a backup is: written and read as a stream, regular files only.

Reading takes one header at a time and nothing but regular files, so that a hostile archive can
neither leave its folder by a link nor fill the memory by a long header.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from modelyard.domain.errors import BadArchive
from modelyard.domain.manifests import check_path

PIECE = 1024 * 1024
"""Bytes that are held in memory at once."""

_BLOCK = tarfile.BLOCKSIZE
_END = b"\0" * _BLOCK


class Sink(Protocol):
    """Where the bytes of an archive go."""

    def write(self, data: bytes, /) -> object:
        """Take all of them."""


class Readable(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, nothing at the end."""


class Writer:
    """Appends members; ``close`` writes the end of the archive, not of the stream."""

    def __init__(self, stream: Sink) -> None:
        self._stream = stream

    def add(self, name: str, data: bytes) -> None:
        """A member whose bytes are at hand."""
        self._head(name, len(data))
        self._stream.write(data)
        self._pad(len(data))

    def copy(self, name: str, source: Readable, size: int) -> None:
        """A member of that many bytes of a file. Raises BadArchive when the file is shorter."""
        self._head(name, size)
        rest = size
        while rest:
            piece = source.read(min(PIECE, rest))
            if not piece:
                raise BadArchive(f"{name} ended {rest} bytes early: the file was changed.")
            self._stream.write(piece)
            rest -= len(piece)
        self._pad(size)

    def close(self) -> None:
        """Mark the end."""
        self._stream.write(_END * 2)

    def _head(self, name: str, size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._stream.write(info.tobuf(tarfile.GNU_FORMAT))

    def _pad(self, size: int) -> None:
        self._stream.write(b"\0" * (-size % _BLOCK))


@dataclass
class Member:
    """A regular file of the archive; its bytes are read once, before the next member."""

    name: str
    size: int
    _stream: BinaryIO
    _left: int

    def pieces(self) -> Iterator[bytes]:
        """What has not been read yet. Raises BadArchive when the archive ends before."""
        while piece := self.read(PIECE):
            yield piece

    def read(self, size: int) -> bytes:
        """The next bytes, nothing at its end, as a file gives them."""
        piece = self._stream.read(min(size, self._left)) if self._left else b""
        if self._left and not piece:
            raise BadArchive(f"The archive is torn: it ends within {self.name}.")
        self._left -= len(piece)
        return piece

    def whole(self, limit: int) -> bytes:
        """All of it. Raises BadArchive when it is longer than ``limit``."""
        if self.size > limit:
            raise BadArchive(f"{self.name} in the archive is too long: {self.size} bytes.")
        return b"".join(self.pieces())


def members(stream: BinaryIO) -> Iterator[Member]:
    """
    Every member, in order.

    Raises BadArchive for what is no tar, is torn, or has links, devices or unsafe names in it.
    """
    while True:
        block = _exactly(stream, _BLOCK)
        if block == _END:
            return
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError) as error:
            raise BadArchive(f"This is no tar that Modelyard wrote: {error}.") from error
        if info.type not in {tarfile.REGTYPE, tarfile.AREGTYPE}:
            raise BadArchive(f"{info.name!r} in the archive is no regular file.")
        if info.size < 0:
            raise BadArchive(f"{info.name!r} in the archive has no size.")
        member = Member(check_path(info.name), info.size, stream, info.size)
        yield member
        for _ in member.pieces():
            pass  # what the reader was not interested in
        _exactly(stream, -info.size % _BLOCK)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = stream.read(size - len(data))
        if not piece:
            raise BadArchive("The archive is torn: it ends too early.")
        data += piece
    return data
