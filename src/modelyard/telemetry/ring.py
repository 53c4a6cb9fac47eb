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
producer turns back early and a ring of megabytes takes ``STEP`` of memory.
"""

import fcntl
import mmap
import os
import secrets
import struct
from pathlib import Path
from zlib import adler32

Bytes = bytes | bytearray | memoryview

MAGIC = b"MYRING\x00\x01"
PAGE = 4096
ABOUT_LIMIT = PAGE - 256
STEP = 256 * 1024
"""Bytes of data claimed at a time."""

_CAPACITY, _ABOUT_SIZE = 1, 4
_HEAD, _DROPPED, _TAIL = 8, 16, 24
"""Places of words in the first page; each that moves has a cache line of its own."""

_ID = slice(16, 32)
_ABOUT = 256
_LOW = 0xFFFF_FFFF
_SEED = 0x7FFF_7FFF
"""Of a position: both halves are below the checksum's modulus."""

_TURN = _LOW << 32
"""In place of a record's size: the next one is at the start of the data."""

_word = struct.Struct("=Q").unpack_from


class RingWriter:
    """
    The producer's side; for one thread.

    It holds a lock on the file while it lives, which the kernel takes from it however it ends.
    """

    @classmethod
    def create(cls, path: Path, capacity: int, about: bytes = b"") -> "RingWriter":
        """
        A new ring of ``capacity`` bytes, rounded up to whole steps; ``about`` up to 3,840 bytes.

        It appears under its name when it is whole. Raises OSError, and ValueError for too much
        ``about``.
        """
        if len(about) > ABOUT_LIMIT:
            raise ValueError(f"A ring's head takes {ABOUT_LIMIT} bytes, not {len(about)}.")
        capacity = max(STEP, -(-capacity // STEP) * STEP)
        hidden = path.with_name(f".{path.name}.{os.getpid()}")
        hidden.unlink(missing_ok=True)
        fd = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, PAGE + capacity)
            os.posix_fallocate(fd, 0, PAGE + STEP)
            ring = cls(fd, capacity, about)
            hidden.rename(path)
        except BaseException:
            os.close(fd)
            hidden.unlink(missing_ok=True)
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
        self._words[_CAPACITY], self._words[_ABOUT_SIZE] = capacity, len(about)
        self._map[_ID] = secrets.token_bytes(16)
        self._map[_ABOUT : _ABOUT + len(about)] = about
        self._map[: len(MAGIC)] = MAGIC

    @property
    def id(self) -> str:
        """What tells this ring from every other, also from one of the same name."""
        return self._map[_ID].hex()

    @property
    def dropped(self) -> int:
        """Records that found no room."""
        return self._dropped

    def put(self, data: Bytes) -> bool:
        """Hand a record over; False when it was dropped, and counted, for want of room."""
        size = len(data)
        place = self._place
        after = place + (size + 15 & -8)
        if after > self._stop:
            if not self._make_room(size + 15 & -8):
                return False
            place = self._place
            after = place + (size + 15 & -8)
        words = self._words
        words[place >> 3] = size << 32 | adler32(data, place + self._lap & _SEED)
        self._map[place + 8 : place + 8 + size] = data
        self._place = after
        words[_HEAD] = after + self._lap
        return True

    def close(self) -> None:
        """No more comes; what was put in stays for the reader. May be called twice."""
        if self._fd < 0:
            return
        self._words.release()
        self._map.close()
        os.close(self._fd)
        self._fd = self._stop = -1

    def _make_room(self, need: int) -> bool:
        """Have ``need`` bytes where the next record goes; False, and counted, without."""
        if self._fd >= 0 and need <= self._capacity // 2 and self._found(need):
            return True
        self._dropped += 1
        if self._fd >= 0:
            self._words[_DROPPED] = self._dropped
        return False

    def _found(self, need: int) -> bool:
        head = self._place + self._lap
        tail = self._words[_TAIL]
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
        """Whether to go on at the start: at the end, or where the reader has left half of it."""
        start = self._place + self._lap - at + self._capacity
        freed = self._full_at - start
        return at + need > self._capacity or freed >= max(need, self._claimed // 2)

    def _turn(self, at: int) -> int:
        """Go on at the start of the data, with a mark for the reader; gives the place in them."""
        if at < self._capacity:
            self._words[self._place >> 3] = _TURN | self._place + self._lap & _SEED
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

    def _drop(self) -> int:
        self._dropped += 1
        if self._fd >= 0:
            self._words[_DROPPED] = self._dropped
        return -1


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
        capacity, about_size, tail = words[_CAPACITY], words[_ABOUT_SIZE], words[_TAIL]
        if size != PAGE + capacity or capacity % STEP or about_size > ABOUT_LIMIT or tail % 8:
            raise Damaged(f"{path} is a damaged ring.")
        self.path = path
        self.id = page[_ID].hex()
        self.about = page[_ABOUT : _ABOUT + about_size]
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
        return self._words[_DROPPED]

    @property
    def position(self) -> int:
        """Where the next record is read."""
        return self._position

    @property
    def waiting(self) -> int:
        """Bytes between the position and the head."""
        return max(0, (self._words[_HEAD] & -8) - self._position)

    def seek(self, position: int) -> None:
        """Read on from a ``position`` of before. Raises ValueError where nothing is kept of it."""
        if position % 8 or not self._words[_TAIL] <= position <= self._words[_HEAD]:
            raise ValueError(f"{self.path} keeps nothing of position {position}.")
        self._position = position

    def read(self, limit: int = 1024 * 1024) -> list[bytes]:
        """Records of about ``limit`` bytes together; at least one where there is one."""
        records: list[bytes] = []
        left = limit
        while left > 0 or not records:
            head, before = self._words[_HEAD] & -8, self._position
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
            self._words[_TAIL] = position

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
            first = (_word(piece, 0)[0] >> 32) + 8
            if len(piece) < first <= size:
                piece = os.pread(self._fd, first, PAGE + at)
        return piece

    def _parse(self, piece: bytes, records: list[bytes]) -> bool:
        """Take the records out of a piece that begins at the position; False when one is bad."""
        at, end, base = 0, len(piece), self._position
        while end - at >= 8:
            (word,) = _word(piece, at)
            seed = base + at & _SEED
            if word == _TURN | seed:
                self._position = base + at - (base + at) % self._capacity + self._capacity
                return True
            stop = at + 8 + (word >> 32)
            if stop > end:
                break
            data = piece[at + 8 : stop]
            if adler32(data, seed) != word & _LOW:
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
