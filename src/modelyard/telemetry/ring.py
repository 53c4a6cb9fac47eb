"""
The reader of rings; the writer is ``modelyard_worker.ring``, which says how a ring is made.

It is there because workers, which have the standard library alone, write into rings too.
"""

import fcntl
import mmap
import os
from pathlib import Path
from zlib import adler32

from modelyard_worker.ring import (
    ABOUT,
    ABOUT_LIMIT,
    ABOUT_SIZE,
    CAPACITY,
    DROPPED,
    HEAD,
    ID,
    LOW,
    MAGIC,
    PAGE,
    SEED,
    STEP,
    TAIL,
    TURN,
    Bytes,
    RingWriter,
    word_at,
)

__all__ = [
    "ABOUT_LIMIT", "MAGIC", "PAGE", "STEP", "Bytes", "Damaged", "RingReader", "RingWriter",
]  # fmt: skip


class Damaged(ValueError):
    """The file is no ring, or one that cannot be read."""


class RingReader:
    """
    The taker's side; for one thread.

    It reads with ``pread``, so that whatever the file holds cannot kill it. ``lost`` counts bytes
    that could not be read because something had damaged them.
    """

    @classmethod
    def open(cls, path: Path) -> "RingReader":
        """A ring from its oldest record on. Raises Damaged, OSError."""
        fd = os.open(path, os.O_RDWR)
        try:
            return cls(fd, path)
        except BaseException:
            os.close(fd)
            raise

    def __init__(self, fd: int, path: Path) -> None:
        """Use ``open``."""
        size = os.fstat(fd).st_size
        page = os.pread(fd, PAGE, 0)
        if len(page) < PAGE or page[: len(MAGIC)] != MAGIC:
            raise Damaged(f"{path} is no ring.")
        words = memoryview(page).cast("Q")
        capacity, about_size, tail = words[CAPACITY], words[ABOUT_SIZE], words[TAIL]
        if size != PAGE + capacity or capacity % STEP or about_size > ABOUT_LIMIT or tail % 8:
            raise Damaged(f"{path} is a damaged ring.")
        self.path = path
        self.id = page[ID].hex()
        self.about = page[ABOUT : ABOUT + about_size]
        self.lost = 0
        self._fd = fd
        self._capacity = capacity
        self._page = mmap.mmap(fd, PAGE)
        self._words = memoryview(self._page).cast("Q")
        self._position = tail
        self._doubted = -1

    @property
    def dropped(self) -> int:
        """Records that the producer dropped for want of room."""
        return self._words[DROPPED]

    @property
    def position(self) -> int:
        """Where the next record is read."""
        return self._position

    @property
    def capacity(self) -> int:
        """Bytes that may wait in it."""
        return self._capacity

    @property
    def waiting(self) -> int:
        """Bytes between the position and the head."""
        return max(0, (self._words[HEAD] & -8) - self._position)

    def seek(self, position: int) -> None:
        """Read on from a ``position`` of before. Raises ValueError where nothing is kept of it."""
        if position % 8 or not self._words[TAIL] <= position <= self._words[HEAD]:
            raise ValueError(f"{self.path} keeps nothing of position {position}.")
        self._position = position

    def read(self, limit: int = 1024 * 1024) -> list[bytes]:
        """Records of about ``limit`` bytes together; at least one where there is one."""
        records: list[bytes] = []
        left = limit
        while left > 0 or not records:
            head, before = self._words[HEAD] & -8, self._position
            if head == before:
                break
            if not before < head <= before + self._capacity:
                self._doubt(head)
                break
            at = before % self._capacity
            piece = self._piece(at, min(head - before, self._capacity - at), left)
            left -= len(piece)
            if not self._parse(piece, records):
                self._doubt(head)
                break
        return records

    def release(self, position: int) -> None:
        """The producer may write again up to there; only what has been read can be released."""
        if position <= self._position:
            self._words[TAIL] = position

    def orphaned(self) -> bool:
        """
        Whether the producer has ended, in whatever way; what it committed may still be unread.

        When this said True and ``read`` then gives nothing at the head, nothing will ever come.
        """
        try:
            fcntl.flock(self._fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        fcntl.flock(self._fd, fcntl.LOCK_UN)
        return True

    def remove(self) -> None:
        """Delete the file and close; fine when it is gone."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """The file stays. May be called twice."""
        if self._fd >= 0:
            self._words.release()
            self._page.close()
            os.close(self._fd)
            self._fd = -1

    def _piece(self, at: int, size: int, limit: int) -> bytes:
        """Bytes from ``at``: as many as wanted, yet never only a part of the first record."""
        piece = os.pread(self._fd, min(size, max(limit, 8)), PAGE + at)
        if len(piece) >= 8:
            first = (word_at(piece, 0)[0] >> 32) + 8
            if len(piece) < first <= size:
                piece = os.pread(self._fd, first, PAGE + at)
        return piece

    def _parse(self, piece: bytes, records: list[bytes]) -> bool:
        """Take the records out of a piece that begins at the position; False when one is bad."""
        at, end, base = 0, len(piece), self._position
        while end - at >= 8:
            (word,) = word_at(piece, at)
            seed = base + at & SEED
            if word == TURN | seed:
                self._position = base + at - (base + at) % self._capacity + self._capacity
                return True
            stop = at + 8 + (word >> 32)
            if stop > end:
                break
            data = piece[at + 8 : stop]
            if adler32(data, seed) != word & LOW:
                return False
            records.append(data)
            at = stop + 7 & -8
            self._position = base + at
        return at > 0

    def _doubt(self, head: int) -> None:
        """A bad record: still on its way or, when it is bad twice, damaged with all behind it."""
        if self._doubted == self._position:
            self.lost += abs(head - self._position)
            self._position = head
            self._doubted = -1
        else:
            self._doubted = self._position
