"""A clock that goes when it is told to."""

import threading
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """``Clock`` that stands still until ``advance``; both its times move together."""

    def __init__(self, start: datetime = _START) -> None:
        self._now = start
        self._monotonic = 1000.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> datetime:
        """Let time pass; the new time."""
        if seconds < 0:
            raise ValueError("A clock does not go back.")
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._monotonic += seconds
            return self._now

    def set_back(self, seconds: float) -> datetime:
        """Somebody puts the clock right; how much time has passed stays as it is."""
        with self._lock:
            self._now -= timedelta(seconds=seconds)
            return self._now
