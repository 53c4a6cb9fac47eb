"""The shared page: which request run() has, since when, and how many are finished."""

from __future__ import annotations

import mmap
import os
import struct
import time
from typing import Union

from modelyard_worker.frames import KEPT_AT, KEPT_LIMIT, PAGE_SIZE

_ID = slice(0, 8)
_START = slice(8, 16)
_FINISHED = slice(16, 24)
_KEPT = slice(KEPT_AT, KEPT_AT + 8)
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
        os.ftruncate(fd, PAGE_SIZE + KEPT_LIMIT)  # the front makes the page alone
        self._memory: Union[mmap.mmap, bytearray] = mmap.mmap(fd, PAGE_SIZE + KEPT_LIMIT)
        self._finished = 0
        self._kept = 0

    def leave(self) -> None:
        """In a forked child: what it does is not told to the front."""
        self._memory = bytearray(PAGE_SIZE + KEPT_LIMIT)

    def begin(self, id_: int) -> None:
        """run() is about to begin with this request."""
        self._memory[_START] = _pack_time(time.monotonic())
        self._memory[_ID] = _pack_number(id_)

    def finish(self) -> None:
        """run() is done with it."""
        self._finished += 1
        self._memory[_ID] = _pack_number(0)
        self._memory[_FINISHED] = _pack_number(self._finished)

    def keep(self, data: bytes) -> bool:
        """Put a finished answer where a crash does not reach it; False when there is no room."""
        end = self._kept + len(data)
        if end > KEPT_LIMIT:
            return False
        self._memory[PAGE_SIZE + self._kept : PAGE_SIZE + end] = data
        self._memory[_KEPT] = _pack_number(end)
        self._kept = end
        return True

    def sent(self) -> None:
        """What was kept has been sent."""
        if self._kept:
            self._kept = 0
            self._memory[_KEPT] = _pack_number(0)
