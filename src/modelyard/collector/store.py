"""
The telemetry store: rows go in from anywhere, questions are answered from what is written.

One thread writes, a transaction every fraction of a second; another seals and deletes what is
old; questions run in threads of their own. The file is opened when there is first something to
write or to ask.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from modelyard.collector.hot_export import HotExports
from modelyard.collector.leases import Leases
from modelyard.collector.seal import Sealer
from modelyard.collector.sealed_files import SealedFiles
from modelyard.collector.sink import Row
from modelyard.collector.snapshot import Snapshot
from modelyard.collector.store_asking import Asking
from modelyard.collector.store_handle import READERS, Handle
from modelyard.collector.store_keeping import Keeper
from modelyard.collector.store_opening import Limits
from modelyard.collector.store_pending import Pending
from modelyard.collector.store_writing import Source, Writer
from modelyard.telemetry.tables import TABLES

T = TypeVar("T")

_log = logging.getLogger("modelyard.collector")


class Store:
    """A ``Sink`` and ``Snapshots``; ``start`` and ``stop`` it inside the event loop."""

    def __init__(
        self,
        folder: Path,
        sources: Sequence[Source] = (),
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        days: float = 30,
        free: int = 256 * 1024**2,
    ) -> None:
        """``free``: bytes on the disk below which nothing is written."""
        self.folder = folder
        self.pending = Pending()
        self.notes: list[str] = []
        self._turn = threading.RLock()
        self._leases = Leases()
        self.files = SealedFiles(folder, self._leases)
        self._exports = HotExports(folder / "snapshot", self._leases)
        self.handle = Handle(folder / "telemetry.duckdb", limits, _stamp, self._loaded)
        self.writer = Writer(self.handle, self.pending, sources, days=days, free=free)
        self.sealer = Sealer(folder, self.files, self._exports, self._turn)
        self.keeper = Keeper(self.handle, self.sealer, self.files, folder, days, self.note)
        self._asking = Asking(self.handle, self.files, self._exports, self._turn, self.note)
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="ask")
        self._copying = ThreadPoolExecutor(1, thread_name_prefix="snapshot")

    async def start(self) -> None:
        """Begin to write what comes."""
        await asyncio.to_thread(self.folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        self.writer.start()
        self.keeper.start()

    async def stop(self) -> None:
        """Write what has come, and close. May be called twice."""
        await asyncio.to_thread(self._stop)

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """Take rows; see ``Sink``. From any thread."""
        self.pending.add(table, rows)

    async def query(
        self, sql: str, parameters: Sequence[Any] = (), *, since: float | None = None
    ) -> list[tuple[Any, ...]]:
        """
        Our own SQL over the tables by their names; times come as naive UTC.

        ``since``: rows of sealed hours that ended before are not looked at. Raises duckdb.Error
        for SQL that does not fit, Unavailable, DiskFull.
        """
        return await self._run(self._threads, partial(self._asking.ask, sql, parameters, since))

    async def snapshot(self, tables: Collection[str] | None = None) -> Snapshot:
        """See ``Snapshots``."""
        wanted = tuple(TABLES if tables is None else tables)
        return await self._run(self._copying, partial(self._asking.snapshot, wanted))

    async def settled(self) -> None:
        """Until what was added before is seen by questions, or cannot be written now."""
        await asyncio.to_thread(self.writer.settle)

    def seal_all(self) -> None:
        """
        Have all rows that are written in files, also those of the hour that runs. Blocks.

        Raises Unavailable, DiskFull, duckdb.Error, OSError; nothing is lost or doubled then.
        """
        if self.handle.open or self.handle.path.exists():
            self.keeper.seal_all()

    @property
    def mended(self) -> int:
        """Rows, since the file was opened, with values that did not fit their columns."""
        return self.handle.mended

    def note(self, text: str) -> None:
        """Tell people, in the log and in the status."""
        _log.warning("%s", text)
        self.notes = [*self.notes[-19:], text]

    def _loaded(self, notes: list[str]) -> None:
        for text in [*notes, *self.files.load()]:
            self.note(text)
        self._exports.clear()
        self._asking.forget()

    def _stop(self) -> None:
        self.keeper.stop()
        self.writer.stop()
        self._threads.shutdown(cancel_futures=True)
        self._copying.shutdown(cancel_futures=True)
        self.handle.close()

    async def _run(self, threads: ThreadPoolExecutor, do: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, do)


def _stamp() -> str:
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime())
