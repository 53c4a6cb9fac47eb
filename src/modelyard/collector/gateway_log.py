"""
The gateway's lines beside the fronts' rows: its time joins a row, and it has rows of its own only
for what no front answered, so that nothing is there twice.
"""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from modelyard.collector.gateway_lines import (
    Broken,
    Frames,
    Line,
    Said,
    line_row,
    request_row,
    understand,
)
from modelyard.collector.sink import Row
from modelyard.collector.store_engine import Batch
from modelyard.telemetry.records import About
from modelyard.telemetry.tables import TABLES

WAITING = 100_000
"""Lines that may wait for the store, and times that may wait for their rows."""

PATIENCE = 3.0
"""Seconds until a request whose front may still write its row is the gateway's own."""

KEPT = 15.0
"""Seconds that the gateway's time waits for a row."""

ACTIVE = 5.0
"""Seconds after a line during which rows wait a moment for theirs."""

BACKLOG = 0.5
"""Seconds after its first line in which the gateway has sent all that it kept."""

_BACKEND = "be_"
"""What the gateway's name of a front's backend begins with, before the front's id."""

_FRONTS = 1000
"""Fronts that are remembered."""

_ID = TABLES["requests"].names.index("id")
_GATEWAY = TABLES["requests"].names.index("gatewayMs")


class GatewayLog:
    """
    Joins; ``take`` for the socket's thread, the rest for the writing one.

    What a batch used is only forgotten when the batch is written.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._arrived: deque[bytes] = deque(maxlen=WAITING)
        self._last = -ACTIVE
        self._first: float | None = None
        self._fronts: dict[str, About] = {}
        self._times: dict[str, tuple[float, float]] = {}
        self._doubtful: dict[str, tuple[float, Line]] = {}
        self._own: dict[str, float] = {}
        self._rows: dict[str, list[Row]] = {"requests": [], "traces": []}
        self._joined: list[str] = []
        self._made: list[str] = []
        self.lost = 0

    @property
    def active(self) -> bool:
        """Whether it has just written something."""
        return self._clock() - self._last < ACTIVE

    @property
    def caught_up(self) -> bool:
        """Whether what it kept while nobody listened has come."""
        return self._first is not None and self._clock() - self._first >= BACKLOG

    def take(self, lines: list[bytes]) -> None:
        """Lines from the socket; the oldest of too many are lost."""
        with self._lock:
            self.lost += max(0, len(self._arrived) + len(lines) - WAITING)
            self._arrived.extend(lines)
        self._last = self._clock()
        if self._first is None:
            self._first = self._last

    def know(self, front: About) -> None:
        """A front that requests go to: of one that it loses the version is known."""
        self._fronts[front.instance] = front
        if len(self._fronts) > _FRONTS:
            del self._fronts[next(iter(self._fronts))]

    def waiting(self) -> bool:
        """Whether anything might become a row."""
        return bool(self._arrived or self._doubtful or any(self._rows.values()))

    def join(self, rows: list[Row], batch: Batch) -> list[Row]:
        """The fronts' rows with the gateway's times; says which of its own rows they replace."""
        self._sort()
        if not (self._times or self._doubtful or self._own):
            return rows
        return [self._with_time(row, batch) for row in rows]

    def collect(self, batch: Batch) -> None:
        """Rows of what no front answered, or not in time."""
        self._sort()
        now = self._clock()
        for id, (since, line) in self._doubtful.items():
            if now - since > PATIENCE and id not in self._made:
                self._rows["requests"].append(self._row_of(line))
                self._made.append(id)
        for table, rows in self._rows.items():
            if rows:
                batch.add(table, rows)

    def committed(self) -> None:
        """What the batch used is used up."""
        now = self._clock()
        for id in self._joined:
            self._times.pop(id, None)
            self._doubtful.pop(id, None)
            self._own.pop(id, None)
        for id in self._made:
            self._doubtful.pop(id, None)
            self._own[id] = now
        self._joined.clear()
        self._made.clear()
        for rows in self._rows.values():
            rows.clear()
        self._forget(now)

    def failed(self) -> None:
        """All of it is still there for the next batch."""
        self._joined.clear()

    def _row_of(self, line: Line) -> Row:
        return request_row(line, self._fronts.get(line.backend.removeprefix(_BACKEND)))

    def _sort(self) -> None:
        with self._lock:
            arrived, self._arrived = self._arrived, deque(maxlen=WAITING)
        now = self._clock()
        for frame in arrived:
            found = understand(frame)
            if isinstance(found, Said):
                self._rows["traces"].append(line_row(found, time.time()))
            elif not found.service:
                continue  # the control plane's; its own log tells more
            elif found.answered:
                self._times[found.id] = (now, found.total_ms)
            elif found.refused:
                self._rows["requests"].append(self._row_of(found))
            else:
                self._doubtful[found.id] = (now, found)
        for known in (self._times, self._doubtful):
            _shorten(known)

    def _with_time(self, row: Row, batch: Batch) -> Row:
        id = row[_ID]
        known = self._times.get(id)
        if known is not None:
            total = known[1]
        elif id in self._doubtful and id not in self._made:
            total = self._doubtful[id][1].total_ms
        elif id in self._own:
            total = None
            batch.replaced.append(id)
        else:
            return row
        self._joined.append(id)
        return (*row[:_GATEWAY], total, *row[_GATEWAY + 1 :])

    def _forget(self, now: float) -> None:
        for id in _older(self._times, now - KEPT):
            del self._times[id]
        while self._own:
            id, since = next(iter(self._own.items()))
            if now - since < 60 and len(self._own) < WAITING:
                break
            del self._own[id]


class GatewaySocket:
    """The unix stream socket (mode 0600) that the gateway connects to and writes into."""

    def __init__(self, path: Path, take: Callable[[list[bytes]], None]) -> None:
        self._path = path
        self._take = take
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen. Raises OSError."""
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path)
        finally:
            os.umask(before)

    async def stop(self) -> None:
        """Close, and read nothing more; may be called twice."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        self._path.unlink(missing_ok=True)
        for writer in list(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        frames = Frames()
        try:
            while data := await reader.read(256 * 1024):
                if lines := frames.feed(data):
                    self._take(lines)
        except (Broken, ConnectionError, asyncio.CancelledError):
            pass  # the gateway connects again, at a line's beginning
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _older(times: dict[str, tuple[float, float]], limit: float) -> list[str]:
    """The ids that have waited too long: a dict is in the order of arrival."""
    found = []
    for id, (since, _) in times.items():
        if since >= limit:
            break
        found.append(id)
    return found


def _shorten(known: dict[str, tuple[float, float]] | dict[str, tuple[float, Line]]) -> None:
    while len(known) > WAITING:
        del known[next(iter(known))]
