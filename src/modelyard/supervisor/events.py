"""What wakes the supervisor: signals through a pipe, deaths through pidfds, and the clock."""

import ctypes
import os
import selectors
import signal
import sys
from types import FrameType

SIGNALS = (
    signal.SIGCHLD,
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGUSR1,
)
_PR_SET_CHILD_SUBREAPER = 36


class Events:
    """The self-pipe, and the pidfds of processes that are not our children."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._reader, writer = os.pipe()
        for end in (self._reader, writer):
            os.set_blocking(end, False)
        # a full pipe loses nothing that matters: some byte is there to wake us
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, _wake)
        self._selector.register(self._reader, selectors.EVENT_READ)

    def watch(self, pidfd: int) -> None:
        """Wake up when that process ends."""
        self._selector.register(pidfd, selectors.EVENT_READ)

    def unwatch(self, pidfd: int) -> None:
        """No longer; closes it."""
        self._selector.unregister(pidfd)
        os.close(pidfd)

    def wait(self, timeout: float) -> list[signal.Signals]:
        """The signals that came within ``timeout`` seconds; returns early at any event."""
        self._selector.select(max(timeout, 0.0))
        try:
            numbers = os.read(self._reader, 4096)
        except BlockingIOError:
            return []
        return [signal.Signals(number) for number in numbers]


def become_subreaper() -> None:
    """Be given the orphans of our children, so that they are reaped whoever is process 1."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wake(number: int, frame: FrameType | None) -> None:
    """Nothing: the signal's number is in the pipe."""
