"""
Unfinished uploads: files ``uploads/DIGEST.SLOT``, locked while somebody writes.

Two people may upload the same bytes at once. A file that another one writes to is never touched:
the second upload takes the next slot and starts afresh, and whoever finishes first has won. The
lock goes with the process, so what a killed one left is found and continued.
"""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modelyard.domain.errors import Conflict
from modelyard.stores.blobs.disk import write_all

SLOTS = 32
"""How many may upload the same bytes at once."""

_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that is this caller's alone; its size moves as bytes are added."""

    path: Path
    descriptor: int

    @property
    def size(self) -> int:
        """Bytes received so far."""
        return os.fstat(self.descriptor).st_size

    def add(self, chunks: Iterable[bytes]) -> None:
        """Append all chunks."""
        os.lseek(self.descriptor, 0, os.SEEK_END)
        for chunk in chunks:
            write_all(self.descriptor, chunk)

    def add_last(self, chunks: Iterable[bytes]) -> str:
        """Append all chunks; the SHA-256 of the whole file as it lies on the disk and came in."""
        digest = hashlib.sha256()
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        while block := os.read(self.descriptor, _BLOCK):
            digest.update(block)
        for chunk in chunks:
            write_all(self.descriptor, chunk)
            digest.update(chunk)
        return digest.hexdigest()


class Uploads:
    """The folder of unfinished uploads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._looking = threading.Lock()  # looking locks a file for a moment: one at a time

    def size(self, sha256: str) -> int:
        """Bytes of the largest upload that nobody is writing to."""
        with self._looking:
            return max(self._sizes(sha256), default=0)

    @contextmanager
    def take(self, sha256: str, offset: int) -> Iterator[Upload]:
        """
        The upload of that size, for this caller alone; a new one for 0.

        Raises ``Conflict`` when the present size is another.
        """
        with self._looking:
            upload = self._find(sha256, offset)
        try:
            yield upload
        finally:
            _release(upload.descriptor)

    def forget(self, sha256: str) -> None:
        """Remove all uploads of these bytes that nobody is writing to."""
        with self._looking:
            for path in self._paths(sha256):
                with _locked(path) as descriptor:
                    if descriptor is not None:
                        path.unlink()

    def idle(self) -> Sequence[Path]:
        """All files that nobody is writing to."""
        with self._looking:
            return [path for path in self.folder.iterdir() if _size(path) is not None]

    def _paths(self, sha256: str) -> Iterator[Path]:
        return (self.folder / f"{sha256}.{slot}" for slot in range(SLOTS))

    def _sizes(self, sha256: str) -> Sequence[int]:
        sizes = map(_size, self._paths(sha256))
        return [size for size in sizes if size is not None]

    def _find(self, sha256: str, offset: int) -> Upload:
        present = max(self._sizes(sha256), default=0)
        if offset != present:
            raise Conflict(
                f"The upload of {sha256} stands at {present} bytes, not at {offset}. "
                f"Go on at {present}.",
                details={"size": present},
            )
        for path in self._paths(sha256):
            descriptor = _open_locked(path, os.O_RDWR | (0 if offset else os.O_CREAT))
            if descriptor is None:
                continue
            if os.fstat(descriptor).st_size == offset:
                return Upload(path, descriptor)
            _release(descriptor)
        raise Conflict(f"{sha256} is being uploaded {SLOTS} times at once. Try again later.")


@contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    descriptor = _open_locked(path, os.O_RDONLY)  # what a sweep left behind is read-only
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            _release(descriptor)


def _size(path: Path) -> int | None:
    """Its size, or None when somebody is writing to it or it is not there."""
    with _locked(path) as descriptor:
        return None if descriptor is None else os.fstat(descriptor).st_size


def _open_locked(path: Path, flags: int) -> int | None:
    """A descriptor of the file with its lock, or None when it is locked or not there."""
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_still(path, descriptor):
            return descriptor
    except BlockingIOError:
        pass
    _release(descriptor)
    return None


def _release(descriptor: int) -> None:
    """Unlock, then close: a child that is being started may hold the file a moment longer."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the path still leads to this file: its last owner may have moved it away."""
    mine = os.fstat(descriptor)
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
