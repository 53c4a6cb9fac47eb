"""The open engine and its cursors: one writes, one seals, one exports, some ask."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from modelyard.collector.seal import recover
from modelyard.collector.store_engine import Engine
from modelyard.collector.store_opening import Limits, open_file

READERS = 2
"""Questions that are answered at the same time."""


class Handle:
    """
    Opened by whoever needs it first. The engine is the writing thread's; the others borrow.

    Raises Unavailable or DiskFull where it cannot be opened, from ``get`` and what calls it.
    """

    def __init__(
        self,
        path: Path,
        limits: Limits,
        stamp: Callable[[], str],
        loaded: Callable[[list[str]], None],
    ) -> None:
        """``loaded`` is called with notes when it was opened, before anybody uses it."""
        self.path = path
        self._limits = limits
        self._stamp = stamp
        self._loaded = loaded
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._readers: queue.LifoQueue[duckdb.DuckDBPyConnection] = queue.LifoQueue()
        self.sealing: duckdb.DuckDBPyConnection | None = None
        self.exporting: duckdb.DuckDBPyConnection | None = None

    @property
    def open(self) -> bool:
        """Whether it is open."""
        return self._engine is not None

    @property
    def mended(self) -> int:
        """Rows with values that did not fit, since it was opened."""
        engine = self._engine
        return 0 if engine is None else engine.mended

    def get(self) -> Engine:
        """The engine, opened where it is not."""
        with self._lock:
            if self._engine is None:
                self._engine = self._open()
            return self._engine

    @contextmanager
    def reader(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor to ask with, in a transaction that sees one moment."""
        self.get()
        cursor = self._readers.get()
        try:
            yield cursor
        finally:
            with suppress(duckdb.Error):
                cursor.rollback()
            self._readers.put(cursor)

    def close(self) -> None:
        """Let go of the file; questions under way fail. It can be opened again."""
        with self._lock:
            engine, self._engine = self._engine, None
            cursors, self._cursors = self._cursors, []
            self._readers = queue.LifoQueue()
            self.sealing = self.exporting = None
            for cursor in cursors:
                with suppress(duckdb.Error):
                    cursor.interrupt()
            for cursor in cursors:
                with suppress(duckdb.Error):
                    cursor.close()
            if engine is not None:
                engine.close()

    def _open(self) -> Engine:
        opened = open_file(self.path, self._limits, self._stamp)
        connection = opened.connection
        try:
            recover(self.path.parent, connection, fresh=opened.fresh)
            engine = Engine(connection)
            self._cursors = [connection.cursor() for _ in range(READERS + 2)]
            self.sealing, self.exporting, *readers = self._cursors
            for cursor in readers:
                self._readers.put(cursor)
            self._loaded(list(opened.notes))
        except BaseException:
            connection.close()
            raise
        return engine
