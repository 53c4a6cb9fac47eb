"""The thread that collects: rings to open files, these to hourly ones, old ones away."""

import asyncio
import logging
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from modelyard.collector.inputs.batches import HOUR
from modelyard.collector.inputs.drain import Drain
from modelyard.collector.inputs.places import OPEN, stored
from modelyard.collector.inputs.policies import Hasher
from modelyard.collector.inputs.seal import due, seal
from modelyard.collector.inputs.spool import Segment, Spool
from modelyard.collector.retention import DAY, Belief, looked
from modelyard.domain.errors import DiskFull, Unavailable

INTERVAL = 0.5
"""Seconds between two looks at the rings."""

KEEPING = 20.0
"""Seconds between two looks at what is to be sealed and what is too old."""

_log = logging.getLogger("modelyard.collector")
T = TypeVar("T")


class Inputs:
    """
    Collects into ``root``. Where it cannot, as on a full disk, ``problem`` says why, rings fill
    and drop, and services go on.
    """

    def __init__(
        self, root: Path, rings: Path, key: Path, *, days: float = 90, free: int = 0
    ) -> None:
        """``days`` that files are kept; below ``free`` bytes on the disk nothing is written."""
        self.root = root
        self.spool = Spool(root / OPEN)
        self.hasher = Hasher(key)
        self.drain = Drain(rings, self.spool, self.hasher)
        self.drain.note = self.note
        self.problem = ""
        self.notes: list[str] = []
        self._days = days
        self._free = free
        self._belief: Belief | None = None
        self._seen = time.monotonic()
        self._keep_at = 0.0
        self._loaded = False
        self._asked: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._wake = threading.Event()

    async def start(self) -> None:
        """Begin; raises nothing that the rest could not live with."""
        self._thread = threading.Thread(target=self._run, name="inputs", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Keep what has come, and end. May be called twice."""
        self._ending = True
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.join)

    def note(self, text: str) -> None:
        """Tell people."""
        _log.warning("%s", text)
        self.notes = [*self.notes[-19:], text]

    async def do(self, what: Callable[[], T]) -> T:
        """Have the thread do it, between two looks. Raises what it raises, and Unavailable."""
        if self._thread is None:
            raise Unavailable("Nothing is collected now; try again in a moment.")
        waiting: Future[T] = Future()
        self._asked.put((what, waiting))
        self._wake.set()
        return await asyncio.wrap_future(waiting)

    def seal_all(self, workspace: str, service: str) -> None:
        """Keep what waits and seal all of a service; on the thread. Raises OSError, DiskFull."""
        while self._drained():
            pass
        named = (workspace, service)
        found = [s for s in self.spool.segments if (s.part.workspace, s.part.service) == named]
        self._seal(found)

    def seal_everything(self) -> None:
        """As ``seal_all``, of all services."""
        while self._drained():
            pass
        self._seal(self.spool.segments)

    def run_once(self, now: float | None = None) -> bool:
        """One look; whether there is more to do at once. Raises OSError, DiskFull."""
        now = time.time() if now is None else now
        more = self._drained()
        self._seal(due(self.spool.segments, now))
        if time.monotonic() >= self._keep_at:
            self._keep_at = time.monotonic() + KEEPING
            self._forget_old(now)
        return more

    def _seal(self, segments: Sequence[Segment]) -> None:
        """All that can be sealed; raises the first error then."""
        first: OSError | None = None
        for segment in segments:
            try:
                seal(self.root, self.spool, segment)
            except OSError as error:
                first = first or error
        if first is not None:
            raise first

    def _drained(self) -> bool:
        if not self._loaded:
            for text in self.spool.load():
                self.note(text)
            self._loaded = True
        if self._free and shutil.disk_usage(self.root).free < self._free:
            raise DiskFull(f"The disk of {self.root} is nearly full: nothing is collected.")
        return self.drain.run()

    def _forget_old(self, now: float) -> None:
        passed = time.monotonic() - self._seen
        self._seen += passed
        self._belief = looked(self._belief, now, passed)
        if self._belief.wait > 0:
            return
        for file in stored(self.root):
            if file.hour + HOUR < self._belief.seen - self._days * DAY:
                file.path.unlink(missing_ok=True)
                with suppress(OSError):  # others are in it
                    for folder in list(file.path.parents)[:9]:
                        folder.rmdir()

    def _run(self) -> None:
        while True:
            ending, more = self._ending, False
            try:
                more = self.run_once()
                self.problem = ""
            except (OSError, DiskFull) as error:
                self._trouble(str(error))
            except Exception:  # noqa: BLE001 - the rows of the next minute are worth having
                _log.exception("collecting failed")
                self._trouble("Collecting failed; the collector's log has the cause.")
            self._answer()
            if ending and not more:
                self.drain.close()
                self._refuse()
                return
            if not more:
                self._wake.wait(INTERVAL)
                self._wake.clear()

    def _trouble(self, text: str) -> None:
        if text != self.problem:
            _log.warning("inputs are not collected: %s", text)
        self.problem = text

    def _answer(self) -> None:
        while not self._asked.empty():
            what, waiting = self._asked.get()
            try:
                waiting.set_result(what())
            except BaseException as error:  # noqa: BLE001 - it is the asker's
                waiting.set_exception(error)

    def _refuse(self) -> None:
        while not self._asked.empty():
            self._asked.get()[1].set_exception(Unavailable("The collector ends."))
