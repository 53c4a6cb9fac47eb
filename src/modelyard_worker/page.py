"""The shared page: which request run() has, since when, and how many are finished."""

from __future__ import annotations

import mmap
import struct
import time

from modelyard_worker.frames import PAGE_SIZE

_ID = slice(0, 8)
_START = slice(8, 16)
_FINISHED = slice(16, 24)
_pack_number = struct.Struct("!Q").pack
_pack_time = struct.Struct("!d").pack


class Page:
    """
    Written around each run(), read by the front.

    Each field is written as one copy of eight bytes, never a byte at a time, and in an order in
    which an id never stands beside the start of another request: a front that trusted such a pair
    would kill a healthy worker for a timeout.
    """

    def __init__(self, fd: int) -> None:
        self._memory = mmap.mmap(fd, PAGE_SIZE)
        self._finished = 0

    def begin(self, id_: int) -> None:
        """run() is about to begin with this request."""
        self._memory[_START] = _pack_time(time.monotonic())
        self._memory[_ID] = _pack_number(id_)

    def finish(self) -> None:
        """run() is done with it."""
        self._finished += 1
        self._memory[_ID] = _pack_number(0)
        self._memory[_FINISHED] = _pack_number(self._finished)
