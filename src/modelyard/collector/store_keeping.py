"""The thread that seals hours that are over and deletes what is too old."""

import json
import logging
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import duckdb

from modelyard.collector.retention import Belief, looked, outdated
from modelyard.collector.seal import Sealer
from modelyard.collector.sealed_files import SealedFiles
from modelyard.collector.store_handle import For, Handle
from modelyard.domain.errors import ModelyardError

INTERVAL = 20.0
"""Seconds between two looks at what there is to do."""

_log = logging.getLogger("modelyard.collector")


class Keeper:
    """``run_once`` does it now; the thread does it again and again."""

    def __init__(
        self,
        handle: Handle,
        sealer: Sealer,
        files: SealedFiles,
        folder: Path,
        days: float,
        note: Callable[[str], None],
    ) -> None:
        self._handle = handle
        self._sealer = sealer
        self._files = files
        self._clock_file = folder / "clock.json"
        self._days = days
        self._note = note
        self._belief = self._remembered()
        self._looked = time.monotonic()
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self.problem = ""

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="keep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, when the file that is being written is whole."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def run_once(self, now: float) -> None:
        """Seal and delete what is due at ``now``. Raises as ``Sealer.run`` does."""
        self._seal(now)
        self._forget_old(now)

    def seal_all(self) -> None:
        """Seal all hours, over or not. Raises as ``Sealer.run`` does. From any thread."""
        self._seal(math.inf)

    def _seal(self, now: float) -> None:
        engine = self._handle.get()
        with self._handle.borrow(For.SEALING) as cursor:
            self._sealer.run(cursor, engine.batch, now, lambda t: engine.clean_later([t]))

    def _run(self) -> None:
        while not self._ending.wait(INTERVAL):
            try:
                if self._handle.open or self._files.all():
                    self.run_once(time.time())
                self.problem = ""
            except (ModelyardError, duckdb.Error, OSError) as error:
                text = f"Telemetry cannot be moved into its files: {str(error).splitlines()[0]}"
                if text != self.problem:
                    _log.error("%s", text)
                self.problem = text

    def _forget_old(self, now: float) -> None:
        passed, self._looked = time.monotonic() - self._looked, time.monotonic()
        before = self._belief
        self._belief = looked(before, now, passed)
        if self._belief.wait > 0 and (before is None or before.wait == 0):
            self._note(
                "The clock has run more than a day ahead of the time that has passed; "
                "for a day no old telemetry is deleted."
            )
        with suppress(OSError):  # a full disk: then it is believed a little less
            self._clock_file.write_text(
                json.dumps({"seen": self._belief.seen, "wait": self._belief.wait})
            )
        old = outdated(self._files.all(), self._belief, self._days)
        if old:
            self._files.retire(old)
            _log.info("deleted %d files of telemetry older than %g days", len(old), self._days)

    def _remembered(self) -> Belief | None:
        """
        What an earlier process thought; while none ran, time has passed unseen, so that a day at
        most of it is believed.
        """
        try:
            found = json.loads(self._clock_file.read_text())
            return Belief(float(found["seen"]), float(found["wait"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
