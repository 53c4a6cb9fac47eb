"""
A ring of bytes in a file that two processes map: one puts records in, one takes them out.

The file is a page that says what it is, and after it the data. Positions are counts of all bytes
ever put in, so they only grow; a position's place is its remainder by the capacity. A record is a
word of eight bytes, its size and a checksum seeded with its position, then its data, filled up to
eight. Before the end of the data a word without data says that the next record is at the start.

**What the order of publication relies on.** The producer stores the record, then the head; the
head is an aligned word of eight bytes that ``memoryview`` stores at once. On x86-64 stores become
visible in that order. On ARM they need not: a reader there may see the head before the record. It
then finds a checksum that does not fit, as one of another lap never does, gives what it has, and
looks again at its next call. So no torn record is ever read, on either.

Pages are claimed before they are written (a full disk then drops records; storing into a page
that cannot be had would kill the process), and only when needed: while the reader keeps up, the
producer turns back after a quarter of the capacity. What it then has room for, should the reader
stay away from now on, is that quarter too: the positions of the rest are skipped.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from contextlib import suppress
from typing import Union
from zlib import adler32

Bytes = Union[bytes, bytearray, memoryview]

MAGIC = b"MYRING\x00\x01"
PAGE = 4096
ABOUT_LIMIT = PAGE - 256
STEP = 256 * 1024
"""Bytes of data claimed at a time."""

CAPACITY, ABOUT_SIZE = 1, 4
HEAD, DROPPED, TAIL = 8, 16, 24
"""Places of words in the first page; each that moves has a cache line of its own."""

ID = slice(16, 32)
ABOUT = 256
LOW = 0xFFFF_FFFF
SEED = 0x7FFF_7FFF
"""Of a position: both halves are below the checksum's modulus."""

TURN = LOW << 32
"""In place of a record's size: the next one is at the start of the data."""

word_at = struct.Struct("=Q").unpack_from


class RingWriter:
    """
    The producer's side; for one thread.

    It holds a lock on the file while it lives, which the kernel takes from it however it ends.
    """

    @classmethod
    def create(
        cls, path: Union[str, os.PathLike[str]], capacity: int, about: bytes = b""
    ) -> RingWriter:
        """
        A new ring of ``capacity`` bytes, rounded up to whole steps; ``about`` up to 3,840 bytes.

        It appears under its name when it is whole. Raises OSError, and ValueError for too much
        ``about``.
        """
        if len(about) > ABOUT_LIMIT:
            raise ValueError("A ring's head takes %d bytes, not %d." % (ABOUT_LIMIT, len(about)))
        capacity = max(STEP, -(-capacity // STEP) * STEP)
        folder, name = os.path.split(path)
        hidden = os.path.join(folder, ".%s.%d" % (name, os.getpid()))
        with suppress(FileNotFoundError):
            os.unlink(hidden)
        fd = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, PAGE + capacity)
            os.posix_fallocate(fd, 0, PAGE + STEP)
            ring = cls(fd, capacity, about)
            os.rename(hidden, path)
        except BaseException:
            os.close(fd)
            with suppress(FileNotFoundError):
                os.unlink(hidden)
            raise
        return ring

    def __init__(self, fd: int, capacity: int, about: bytes) -> None:
        """Use ``create``."""
        self._fd = fd
        self._map = mmap.mmap(fd, PAGE + capacity)
        self._words = memoryview(self._map).cast("Q")
        self._capacity = capacity
        self._claimed = STEP
        self._full_at = capacity  # the position that the head must not pass
        self._place = PAGE  # where in the file the next record goes
        self._stop = PAGE + STEP  # and how far that may be without another look
        self._lap = -PAGE  # what turns a place into a position
        self._dropped = 0
        self._words[CAPACITY], self._words[ABOUT_SIZE] = capacity, len(about)
        self._map[ID] = os.urandom(16)
        self._map[ABOUT : ABOUT + len(about)] = about
        self._map[: len(MAGIC)] = MAGIC

    @property
    def id(self) -> str:
        """What tells this ring from every other, also from one of the same name."""
        return self._map[ID].hex()

    @property
    def dropped(self) -> int:
        """Records that found no room."""
        return self._dropped

    def put(self, data: Bytes, count: int = 1) -> bool:
        """
        Hand a record over; False when it was dropped, and counted, for want of room.

        It counts as ``count`` of them.
        """
        size = len(data)
        place = self._place
        after = place + (size + 15 & -8)
        if after > self._stop:
            if not self._make_room(size + 15 & -8, count):
                return False
            place = self._place
            after = place + (size + 15 & -8)
        words = self._words
        words[place >> 3] = size << 32 | adler32(data, place + self._lap & SEED)
        self._map[place + 8 : place + 8 + size] = data
        self._place = after
        words[HEAD] = after + self._lap
        return True

    def drop(self, count: int = 1) -> None:
        """Count records that cannot be handed over."""
        self._dropped += count
        if self._fd >= 0:
            self._words[DROPPED] = self._dropped

    def close(self) -> None:
        """No more comes; what was put in stays for the reader. May be called twice."""
        if self._fd < 0:
            return
        self._words.release()
        self._map.close()
        os.close(self._fd)
        self._fd = self._stop = -1

    def _make_room(self, need: int, count: int) -> bool:
        """Have ``need`` bytes where the next record goes; False, and counted, without."""
        if self._fd >= 0 and need <= self._capacity // 2 and self._found(need):
            return True
        self.drop(count)
        return False

    def _found(self, need: int) -> bool:
        head = self._place + self._lap
        tail = self._words[TAIL]
        if head - self._capacity <= tail <= head:  # else somebody damaged it
            self._full_at = max(self._full_at, tail + self._capacity)
        at = self._place - PAGE
        if at + need > self._claimed:
            if self._should_turn(at, need):
                at = self._turn(at)
            if at + need > self._claimed and not self._claim(at + need):
                return False
        free = self._full_at - self._lap  # the place that may not be passed
        self._stop = min(PAGE + self._claimed, free)
        return self._place + need <= self._stop

    def _should_turn(self, at: int, need: int) -> bool:
        """Whether to go on at the start: at the end, or where a quarter can be had again."""
        start = self._place + self._lap - at + self._capacity
        freed = self._full_at - start
        return at + need > self._capacity or freed >= max(need, self._capacity // 4)

    def _turn(self, at: int) -> int:
        """Go on at the start of the data, with a mark for the reader; gives the place in them."""
        if at < self._capacity:
            self._words[self._place >> 3] = TURN | self._place + self._lap & SEED
        self._lap += self._capacity
        self._place = PAGE
        return 0

    def _claim(self, size: int) -> bool:
        """Have the kernel give pages up to ``size``; False when there are none."""
        size = -(-size // STEP) * STEP
        try:
            os.posix_fallocate(self._fd, PAGE + self._claimed, size - self._claimed)
        except OSError:
            return False
        self._claimed = size
        return True
