"""
Copies of requests until they are replayed: encrypted, bounded, for a short time.

They lie in memory that no process has mapped, under a key that only this object holds: what can be
read of it from outside, or is swapped to a disk, is of no use, and of a killed front nothing is
left.
"""

import os
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CAPACITY = 32 * 1024 * 1024
"""Bytes that the copies for one shadow may take together."""


class _Entry(NamedTuple):
    offset: int
    size: int
    number: int
    expires: float


class CopyStore:
    """
    First in, first out; where there is no room the oldest ones go.

    What has been taken or has gone is overwritten; the memory goes back when nothing is left.
    ``folder`` is for systems without files in memory: there it is a deleted file of mode 0600.
    """

    def __init__(self, folder: Path, capacity: int = CAPACITY) -> None:
        self._folder = folder
        self._capacity = capacity
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._entries: deque[_Entry] = deque()
        self._fd = -1
        self._next = 0
        self._number = 0
        self.damaged = 0

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, plain: bytes, expires: float) -> int:
        """
        Keep it until ``expires``; how many were lost for want of room, this one among them.
        """
        self._number += 1
        sealed = self._cipher.encrypt(self._number.to_bytes(12), plain, None)
        size = len(sealed)
        if size > self._capacity:
            return 1
        lost = self._make_room(size)
        try:
            if self._fd < 0:
                self._fd = _open(self._folder)
            if os.pwrite(self._fd, sealed, self._next) < size:
                return lost + 1
        except OSError:  # no memory, no file, no disk: a copy is not worth more
            return lost + 1
        self._entries.append(_Entry(self._next, size, self._number, expires))
        self._next += size
        return lost

    def take(self) -> tuple[bytes, float] | None:
        """The oldest one and when it expires; None when there is none."""
        while self._entries:
            entry = self._entries[0]
            try:
                sealed = os.pread(self._fd, entry.size, entry.offset)
                plain = self._cipher.decrypt(entry.number.to_bytes(12), sealed, None)
            except (InvalidTag, OSError):
                self.damaged += 1
                self._drop()
            else:
                self._drop()
                return plain, entry.expires
        return None

    def expire(self, now: float) -> int:
        """Let go of those whose time is over; how many."""
        count = 0
        while self._entries and self._entries[0].expires <= now:
            self._drop()
            count += 1
        return count

    def close(self) -> int:
        """Let go of all; how many there were. May be called twice."""
        count = len(self._entries)
        self._entries.clear()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        return count

    def _make_room(self, size: int) -> int:
        """Room at ``_next`` for so many bytes; how many copies had to go."""
        lost = 0
        if self._next + size > self._capacity:
            while self._entries and self._entries[0].offset >= self._next:
                self._drop()  # those behind are older than those at the beginning
                lost += 1
            self._next = 0
        end = self._next + size
        while self._entries and self._next <= self._entries[0].offset < end:
            self._drop()
            lost += 1
        return lost

    def _drop(self) -> None:
        entry = self._entries.popleft()
        try:
            if self._entries:
                os.pwrite(self._fd, bytes(entry.size), entry.offset)
            else:
                os.ftruncate(self._fd, 0)
                self._next = 0
        except OSError:
            pass  # it stays as it is: encrypted


def _open(folder: Path) -> int:
    """Raises OSError."""
    if sys.platform == "linux":
        return os.memfd_create("modelyard-shadow", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.dup(file.fileno())
