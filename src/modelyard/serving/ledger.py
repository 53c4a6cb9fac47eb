"""
The ids of requests that have begun, in a file that outlives the front however it ends.

Bytes in memory that the kernel keeps cost a request less than a microsecond; telling the gateway
by the first bytes of an answer costs fifteen. The file is a head, the places of this life's ids,
and the places of former lives, each of which is copied before its own are used again. Only the
process that holds the front's role writes. All pages are claimed when the file is made: storing
into one that cannot be had would kill the front.
"""

import mmap
import os
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from modelyard.telemetry.rings import prepare

ID = 36
"""Bytes of an id: the gateway's are UUIDs."""

PLACES = 1024
"""Requests that can be noted at a time, with those that were answered just now."""

LOOKS = 1.0
"""Seconds between looks whether the file is still there."""

LIVES = 8
"""Of so many former fronts the ids are kept."""

MAGIC = b"MYLEDGE\x01"
_HEAD = 64
_LIFE = PLACES * ID
_OWN = slice(_HEAD, _HEAD + _LIFE)
SIZE = _HEAD + (1 + LIVES) * _LIFE
_turn = struct.Struct("=Q")
_NONE = bytes(ID)


class Ledger:
    """
    Where requests are noted when they begin; for one thread.

    A place whose request was answered is used again as late as can be, and what stands in it stays
    until then: a front may be killed after it has handed over an answer and before that is out.
    ``inherited`` are the ids of all who wrote here before.
    """

    def __init__(self, path: Path, file: mmap.mmap, soon: Callable[..., Any]) -> None:
        """
        Use ``open_ledger``. ``soon`` calls a function after what was written by now is out: the
        event loop's ``call_soon``, which sends at the end of each turn.
        """
        self._path = path
        self._known = _identity(path)
        self._file = file
        self._soon = soon
        self.inherited = frozenset(_inherit(file))
        self._free = deque(range(_HEAD, _HEAD + _LIFE, ID))
        self._answered: list[int] = []

    def begin(self, id: bytes) -> int:
        """Note an id of ``ID`` bytes; the place to be given to ``end``, 0 where none is free."""
        try:
            place = self._free.popleft()
        except IndexError:
            self._reclaim()
            return 0
        self._file[place : place + ID] = id
        return place

    def end(self, place: int) -> None:
        """Its request was answered, or nobody waits for it any more."""
        if self._known is not None:
            self._answered.append(place)

    def knows(self, id: bytes) -> bool:
        """Whether it stands anywhere in the file, also as one of our own; takes 30 µs."""
        return len(id) == ID and self._file.find(id, _HEAD) >= 0

    def keep(self) -> None:
        """
        Make the file again with all that stands in it, where somebody has removed it, as logind
        does with memory of users who have logged out.

        Nothing is noted any more where that cannot be, or where there is another file now: then
        the gateway is told of each request. Raises OSError, once.
        """
        if self._known is None:
            return
        try:
            found = _identity(self._path)
            if found is None:
                prepare(self._path.parent)
                self._file = _made(self._path, self._file[:])
                self._known = _identity(self._path)
            elif found != self._known:
                raise FileExistsError(f"{self._path} is not the file any more that was opened")
        except OSError:
            self._known = None
            self._free = deque()
            self._answered = []
            raise

    def _reclaim(self) -> None:
        answered, self._answered = self._answered, []
        if answered:
            self._soon(self._free.extend, answered)


def open_ledger(path: Path, soon: Callable[..., Any]) -> Ledger:
    """
    The ledger of a front, with what its predecessors left; made where there is none that fits.

    Raises OSError.
    """
    prepare(path.parent)
    try:
        file = _mapped(path)
    except FileNotFoundError:
        file = None
    return Ledger(path, file or _made(path, MAGIC), soon)


def _mapped(path: Path) -> mmap.mmap | None:
    """One that is there; None where it is damaged or not ours."""
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(fd).st_size != SIZE or os.pread(fd, len(MAGIC), 0) != MAGIC:
            return None
        os.posix_fallocate(fd, 0, SIZE)  # somebody may have copied it with holes
        return mmap.mmap(fd, SIZE)
    finally:
        os.close(fd)


def _identity(path: Path) -> tuple[int, int] | None:
    """What a file is whatever its name; None where there is none."""
    with suppress(FileNotFoundError):
        found = path.lstat()
        return found.st_dev, found.st_ino
    return None


def _made(path: Path, content: bytes) -> mmap.mmap:
    """A new one that begins with ``content``; it appears under its name when it is whole."""
    hidden = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        hidden.unlink()
    fd = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, SIZE)
        os.pwrite(fd, content, 0)
        file = mmap.mmap(fd, SIZE)
        hidden.rename(path)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    return file


def _inherit(file: mmap.mmap) -> set[bytes]:
    """
    Keep what the life before has noted, and say all that was ever noted and is still there.

    Killed in the middle of it, the next one does the same again: nothing is lost.
    """
    (turn,) = _turn.unpack_from(file, len(MAGIC))
    if file[_OWN] != file[_former(turn - 1)]:  # it noted something
        file[_former(turn)] = file[_OWN]
        _turn.pack_into(file, len(MAGIC), (turn + 1) % LIVES)
    found = {file[at : at + ID] for at in range(_HEAD, SIZE, ID)}
    return found - {_NONE}


def _former(turn: int) -> slice:
    start = _HEAD + (1 + turn % LIVES) * _LIFE
    return slice(start, start + _LIFE)
