"""The thread that writes: gathers what has come, one transaction, and again."""

import errno
import logging
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import duckdb

from modelyard.collector.making import row, texts
from modelyard.collector.store_engine import Batch, Engine, Ring
from modelyard.collector.store_handle import Handle
from modelyard.collector.store_opening import set_aside, trouble
from modelyard.collector.store_pending import Pending
from modelyard.domain.errors import DiskFull, ModelyardError

INTERVAL = 0.15
"""Seconds between two transactions while little comes."""

RETRY = 1.0
"""Seconds after which is tried again what could not be written."""

GIVE_UP = 5
"""Failures in a row, with a file that can be opened and a disk with room, that condemn it."""

_log = logging.getLogger("modelyard.collector")


class Source(Protocol):
    """Something that rows are taken from which keeps them until they are written."""

    def waiting(self) -> bool:
        """Whether there may be something."""

    def opened(self, known: Mapping[str, Ring]) -> None:
        """The engine was opened; how far rings are written."""

    def collect(self, batch: Batch) -> bool:
        """Add what there is; whether there is more that should be taken at once."""

    def committed(self) -> None:
        """The batch is written."""

    def failed(self) -> None:
        """The batch is not written: what was in it is still the source's."""

    def close(self) -> None:
        """No more is asked of it."""


class Writer:
    """Its state is told by ``problem`` ('' when all is well), ``lag`` in seconds, ``written``."""

    def __init__(
        self,
        handle: Handle,
        pending: Pending,
        sources: Sequence[Source],
        *,
        days: float,
        free: int,
    ) -> None:
        self._handle = handle
        self._pending = pending
        self._sources = sources
        self._days = days
        self._free = free
        self._engine: Engine | None = None
        self._thread: threading.Thread | None = None
        self._ending = False
        self._wake = threading.Event()
        self._turns = threading.Condition()
        self._count = 0
        self._failures = 0
        self.problem = ""
        self.written = 0
        self.last_batch = 0.0
        self.lag = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="write", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what has come, as far as that can be done, and end."""
        self._ending = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def settle(self, turns: int = 2, patience: float = 30.0) -> None:
        """Until everything that was there before has been in a batch."""
        with self._turns:
            goal = self._count + turns
            self._wake.set()
            deadline = time.monotonic() + patience
            while self._count < goal and time.monotonic() < deadline and self._thread is not None:
                self._wake.set()
                self._turns.wait(0.05)

    def _run(self) -> None:
        pause, before = 0.0, time.monotonic()
        while not self._ending:
            self._wake.wait(pause)
            self._wake.clear()
            began = time.monotonic()
            more = self._turn()
            took = time.monotonic() - began
            self.lag, before = (began - before) / 2 + took, began
            pause = RETRY if self.problem else 0.0 if more else max(0.02, INTERVAL - took)
            with self._turns:
                self._count += 1
                self._turns.notify_all()
        while self._turn() and not self.problem:
            pass
        for source in self._sources:
            source.close()

    def _turn(self) -> bool:
        """One batch; whether there is more to do at once. Does not raise."""
        taken: dict[str, list[tuple[object, ...]]] = {}
        try:
            if not self._anything():
                self.problem = ""
                return False
            self._look_at_disk()
            engine = self._opened()
            taken = self._pending.take()
            return self._write(engine, taken)
        except (ModelyardError, duckdb.Error, OSError, MemoryError) as error:
            self._pending.give_back(taken)
            for source in self._sources:
                source.failed()
            self._fail(error)
            return False

    def _anything(self) -> bool:
        # every source is asked: it looks for what is new then
        asked = [source.waiting() for source in self._sources]
        return bool(len(self._pending)) or any(asked)

    def _write(self, engine: Engine, taken: dict[str, list[tuple[object, ...]]]) -> bool:
        batch = Batch({table: list(rows) for table, rows in taken.items()})
        more = [source.collect(batch) for source in self._sources]
        self._tell_dropped(batch)
        if not batch.empty:
            now = time.time()
            engine.write(batch, now, now - self._days * 86_400)
            self.written += batch.size
            self.last_batch = now
        for source in self._sources:
            source.committed()
        self._failures = 0
        self.problem = ""
        return any(more)

    def _opened(self) -> Engine:
        engine = self._handle.get()
        if engine is not self._engine:
            known = engine.rings()
            for source in self._sources:
                source.opened(known)
            self._engine = engine
        return engine

    def _look_at_disk(self) -> None:
        folder = self._handle.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        left = shutil.disk_usage(folder).free
        if left < self._free:
            raise DiskFull(
                f"Only {left // 1024**2} MB are free on the disk, so no telemetry is written. "
                "Make room, or lower MODELYARD_TELEMETRY_FREE; services go on."
            )

    def _tell_dropped(self, batch: Batch) -> None:
        for table, count in self._pending.untold().items():
            values = {
                "timestamp": time.time(), "name": "ml.collector.dropped", "value": float(count),
                "valueSum": float(count), "valueCount": 1, "valueMin": float(count),
                "valueMax": float(count), "cloud_RoleName": "collector",
                "customDimensions": texts({"of": table}),
            }  # fmt: skip
            batch.add("customMetrics", [row("customMetrics", values)])

    def _fail(self, error: Exception) -> None:
        """Say so once, and open the file anew: after some errors the engine refuses all."""
        problem = _told(error, self._handle)
        if problem != self.problem:
            _log.error("%s", problem)
        self.problem = problem
        if isinstance(error, ModelyardError):
            return
        self._engine = None
        self._handle.close()
        if isinstance(error, duckdb.Error) and trouble(error, self._handle.path) is None:
            self._failures += 1
            if self._failures >= GIVE_UP and not isinstance(error, duckdb.OutOfMemoryException):
                stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
                for note in set_aside(self._handle.path, stamp, str(error).splitlines()[0]):
                    _log.error("%s", note)
                self._failures = 0


def _told(error: Exception, handle: Handle) -> str:
    if isinstance(error, ModelyardError):
        return error.message
    if isinstance(error, duckdb.Error):
        known = trouble(error, handle.path)
        return known.message if known else f"The telemetry store failed: {_first_line(error)}"
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return "There is no room left for telemetry."
    return f"Telemetry cannot be written: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
