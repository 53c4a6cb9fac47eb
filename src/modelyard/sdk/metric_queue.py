"""Metrics on their way: collected, sent in batches by a thread, waited for by ``flush``."""

import atexit
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence

from modelyard import settings
from modelyard.domain.errors import ModelyardError, Timeout, Unavailable
from modelyard.wire.runs import Metric

Send = Callable[[Sequence[Metric]], None]

_BATCH = 500
_EVERY = 0.5
_ROOM = 20_000
_PATIENCE = 60.0
_PAUSE = 0.3
_AT_EXIT, _AT_EXIT_OF_JOBS = 10.0, 180.0
_open: "weakref.WeakSet[MetricQueue]" = weakref.WeakSet()


class MetricQueue:
    """
    Takes metrics without waiting for the server; ``put`` waits only when 20,000 are unsent.

    What could not be delivered because the server was away stays and is tried again. What the
    server refuses is dropped, and its error raised by the next ``put`` or ``flush``.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[Metric] = deque()
        self._changed = threading.Condition()
        self._refused: ModelyardError | None = None
        self._away: Unavailable | None = None
        self._sending = False
        self._urgent = False
        self._thread: threading.Thread | None = None
        _open.add(self)

    def put(self, metric: Metric) -> None:
        """Take a metric. Raises what went wrong with an earlier one."""
        with self._changed:
            self._raise_refused()
            room = self._changed.wait_for(lambda: len(self._waiting) < _ROOM, _PATIENCE)
            if not room:
                raise self._away or Timeout(f"{_ROOM} metrics wait; the server takes none.")
            self._waiting.append(metric)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._work, name="modelyard-metrics", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def flush(self, timeout: float = 300.0) -> None:
        """Wait until everything is stored. Raises why it is not after ``timeout`` seconds."""
        with self._changed:
            self._urgent = True
            self._changed.notify_all()
            done = self._changed.wait_for(
                lambda: self._refused or not (self._waiting or self._sending), timeout
            )
            self._urgent = False
            self._raise_refused()
            if not done:
                unsent = f"{len(self._waiting)} metrics were not stored in {timeout:.0f} s."
                raise self._away or Timeout(unsent)

    def _raise_refused(self) -> None:
        error, self._refused = self._refused, None
        if error is not None:
            raise error

    def _work(self) -> None:
        while batch := self._take():
            self._deliver(batch)

    def _take(self) -> list[Metric]:
        """The next batch; nothing when none came for a while and the thread may end."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting, 5.0):
                self._thread = None
                return []
            # a short pause gathers what a loop logs into one request
            self._changed.wait_for(lambda: self._urgent or len(self._waiting) >= _BATCH, _EVERY)
            size = min(_BATCH, len(self._waiting))
            self._sending = True
            return [self._waiting.popleft() for _ in range(size)]

    def _deliver(self, batch: list[Metric]) -> None:
        refused: ModelyardError | None = None
        away: Unavailable | None = None
        try:
            self._send(batch)
        except Unavailable as error:
            away = error
        except ModelyardError as error:
            refused = error
        with self._changed:
            self._sending = False
            self._away = away
            self._refused = refused or self._refused
            if away is not None:
                self._waiting.extendleft(reversed(batch))
            self._changed.notify_all()
        if away is not None:
            threading.Event().wait(_PAUSE)


@atexit.register
def _flush_all() -> None:
    """At the end of the process nothing is lost; a job, for which nobody waits, is patient."""
    deadline = time.monotonic() + (_AT_EXIT if settings.read_job() is None else _AT_EXIT_OF_JOBS)
    for queue in list(_open):
        try:
            queue.flush(max(0.1, deadline - time.monotonic()))
        except ModelyardError as error:
            print(f"Some metrics were not stored: {error}")
