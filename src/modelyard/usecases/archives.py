"""Reading a tar that a stranger made."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from modelyard.domain.errors import BadArchive

_LARGEST_READ = 4 * 1024 * 1024
"""tarfile reads a header's text at once: what claims to be longer is an attack on our memory."""


class _Bounded:
    """A stream whose single reads are bounded, so that a small archive cannot fill the memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _LARGEST_READ:
            raise BadArchive("The archive has a header that is too long.")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


@contextmanager
def open_tar(stream: BinaryIO) -> Iterator[tarfile.TarFile]:
    """
    The tar in a seekable stream, gzipped or not.

    Raises BadArchive for what is no tar or torn; in the body of the ``with`` too.
    """
    start = stream.tell()
    zipped = stream.read(2) == b"\x1f\x8b"
    stream.seek(start)
    plain: BinaryIO = gzip.GzipFile(fileobj=stream) if zipped else stream  # type: ignore[assignment]
    try:
        with tarfile.open(fileobj=_Bounded(plain), mode="r:") as tar:  # type: ignore[call-overload]
            yield tar
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadArchive(f"The archive cannot be read as a tar: {error}") from error
