"""The page a worker shares with its front: what it runs now, since when, how many it finished."""

import fcntl
import mmap
import os
import struct
import sys
import tempfile
from typing import NamedTuple

from modelyard.serving.decoding import Decoder, Found
from modelyard_worker.frames import PAGE, PAGE_SIZE, ProtocolError, kept_bytes


class Running(NamedTuple):
    """A reading: request id (0 for none), CLOCK_MONOTONIC of its start, requests finished."""

    id: int
    started: float
    finished: int


class RunPage:
    """
    A few bytes of shared memory, and behind them answers that the worker has not sent yet.

    They outlive the worker, so that after a crash the front knows which request was to blame.
    """

    def __init__(self) -> None:
        self.fd = _memory_file()
        os.ftruncate(self.fd, PAGE_SIZE)
        if sys.platform == "linux":
            # a page that a worker made shorter would end the front with SIGBUS
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        self._map = mmap.mmap(self.fd, PAGE_SIZE)

    def read(self) -> Running:
        """
        What the worker runs. The worker does not write atomically, so a reading only counts
        when a second one is the same.
        """
        reading = PAGE.unpack_from(self._map)
        for _ in range(100):
            again = PAGE.unpack_from(self._map)
            if again == reading:
                break
            reading = again
        return Running(*reading)

    def kept(self) -> list[Found]:
        """Answers of a dead worker that were finished and not sent; none when it died writing."""
        try:
            return Decoder().feed(kept_bytes(self.fd))
        except (ProtocolError, OSError, ValueError, struct.error):
            return []

    def close(self) -> None:
        """Give the memory back; may be called twice."""
        if not self._map.closed:
            self._map.close()
            os.close(self.fd)


def _memory_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("modelyard-page", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:  # macOS
        return os.dup(file.fileno())
