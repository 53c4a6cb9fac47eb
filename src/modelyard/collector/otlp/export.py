"""Sends ours on: requests as spans, lines as logs, counts and measures as metrics."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from modelyard.collector.measures import Measure
from modelyard.collector.otlp import outgoing
from modelyard.collector.otlp.messages import LOGS, METRICS, TRACES
from modelyard.collector.otlp.post import Endpoint, Outcome
from modelyard.collector.otlp.waiting import Waiting
from modelyard.collector.prometheus.meters import Meters
from modelyard.collector.sink import Row

_LOG = logging.getLogger("modelyard.collector")

BATCH = 1000
"""Rows in one message."""

GATHER = 1.0
"""Seconds in which rows come together."""

EVERY = 30.0
"""Seconds between two messages of metrics."""

_LONGEST_PAUSE = 60.0


class Exporter:
    """
    A thread that sends; ``hear`` is told rows and never waits for it.

    While the other side is away, rows wait up to a bound, then the newest are dropped; both
    ``waiting.dropped`` and ``refused`` are counts of rows that never arrive.
    """

    def __init__(
        self,
        address: str,
        headers: Iterable[tuple[str, str]],
        meters: Meters,
        latest: Callable[[], Iterable[Measure]],
        *,
        every: float = EVERY,
        gather: float = GATHER,
        waiting: Waiting | None = None,
    ) -> None:
        self._endpoint = Endpoint(address, dict(headers))
        self._address = address
        self._meters = meters
        self._latest = latest
        self._every = every
        self._gather = gather
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._well = True
        self.waiting = waiting or Waiting()
        self.refused = 0

    def hear(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Take rows that were written."""
        self.waiting.hear(rows)

    async def start(self) -> None:
        """Begin to send."""
        self._thread = threading.Thread(target=self._run, name="export", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Send what waits, as far as that goes at once, and end."""
        self._ending.set()
        with self.waiting.changed:
            self.waiting.changed.notify_all()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 5.0)
            self._thread = None

    def _run(self) -> None:
        due = time.monotonic() + min(self._every, 5.0)
        while not self._ending.is_set():
            self._ending.wait(self._gather)
            while len(self.waiting) and not self._ending.is_set():
                self._send_rows()
            if time.monotonic() >= due:
                self._send_metrics()
                due = time.monotonic() + self._every
        while self._send_rows():
            pass
        self._send_metrics()
        self._endpoint.close()

    def _send_rows(self) -> bool:
        """One message of each kind; whether anything was sent."""
        sent = False
        for table, signal, make in (
            ("requests", TRACES, outgoing.spans),
            ("traces", LOGS, outgoing.logs),
        ):
            rows = self.waiting.take(table, BATCH)
            if rows:
                arrived = self._send(signal.path, make(rows))
                self.refused += 0 if arrived else len(rows)
                sent = sent or arrived
        return sent

    def _send_metrics(self) -> None:
        with self._meters.lock:
            counted = [(family, kept.series) for family, kept in self._meters.families]
            message = outgoing.metrics(counted, self._latest(), time.time())
        self._send(METRICS.path, message)

    def _send(self, path: str, message: bytes) -> bool:
        """Until it has arrived, or is refused for good, or the end has come."""
        pause = 0.5
        while True:
            outcome = self._endpoint.post(path, message)
            self._tell(outcome)
            if outcome.taken or not outcome.again:
                return outcome.taken
            if self._ending.wait(max(pause, outcome.after)):
                return False
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _tell(self, outcome: Outcome) -> None:
        """When it begins to fail, and when it is well again; not each time."""
        if outcome.taken != self._well:
            if outcome.taken:
                _LOG.warning("telemetry is sent to %s again", self._address)
            else:
                _LOG.warning("telemetry cannot be sent to %s: %s", self._address, outcome.why)
        self._well = outcome.taken
