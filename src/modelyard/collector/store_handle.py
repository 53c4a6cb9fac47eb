"""The open engine and its cursors: one writes, one seals, one exports, some ask."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

import duckdb

from modelyard.collector.seal import recover
from modelyard.collector.store_engine import Engine
from modelyard.collector.store_opening import Limits, open_file

READERS = 2
"""Questions that are answered at the same time."""

_PATIENCE = 10.0
"""Seconds that who was interrupted has to let go of its cursor."""


class For(Enum):
    """What a cursor is used for; each purpose has its own, so that none waits for another."""

    ASKING = "asking"
    SEALING = "sealing"
    EXPORTING = "exporting"


_COUNTS = {For.ASKING: READERS, For.SEALING: 1, For.EXPORTING: 1}


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
        self._changed = threading.Condition(threading.RLock())
        self._engine: Engine | None = None
        self._free: dict[For, list[duckdb.DuckDBPyConnection]] = {}
        self._lent: set[duckdb.DuckDBPyConnection] = set()
        self._closing = False

    @property
    def open(self) -> bool:
        """Whether it is open."""
        return self._engine is not None

    @property
    def mended(self) -> int:
        """Rows with values that did not fit, since it was opened."""
        engine = self._engine
        return 0 if engine is None else engine.mended

    @property
    def crowded(self) -> list[str]:
        """Tables with too many different names and dimensions in the hour that runs."""
        engine = self._engine
        return [] if engine is None else engine.crowded

    def get(self) -> Engine:
        """The engine, opened where it is not."""
        with self._changed:
            while self._closing:
                self._changed.wait()
            if self._engine is None:
                self._engine = self._open()
            return self._engine

    @contextmanager
    def borrow(self, purpose: For) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor; what it leaves uncommitted is rolled back."""
        engine, cursor = self._take(purpose)
        try:
            yield cursor
        finally:
            with suppress(duckdb.Error):
                cursor.rollback()
            with self._changed:
                self._lent.discard(cursor)
                if self._engine is engine:
                    self._free[purpose].append(cursor)
                else:  # it was not waited for
                    cursor.close()
                self._changed.notify_all()

    def close(self) -> None:
        """
        Let go of the file; what is under way is interrupted. It can be opened again.

        All cursors go, or the engine would live on in them with the error that it has.
        """
        with self._changed:
            self._closing = True
            deadline = time.monotonic() + _PATIENCE
            while self._lent and time.monotonic() < deadline:
                for cursor in self._lent:
                    with suppress(duckdb.Error):
                        cursor.interrupt()
                self._changed.wait(0.05)
            engine, self._engine = self._engine, None
            for cursors in self._free.values():
                for cursor in cursors:
                    with suppress(duckdb.Error):
                        cursor.close()
            self._free = {}
            if engine is not None:
                engine.close()
            self._closing = False
            self._changed.notify_all()

    def _take(self, purpose: For) -> tuple[Engine, duckdb.DuckDBPyConnection]:
        with self._changed:
            engine = self.get()
            while not self._free[purpose]:
                self._changed.wait()
                engine = self.get()
            cursor = self._free[purpose].pop()
            self._lent.add(cursor)
            return engine, cursor

    def _open(self) -> Engine:
        opened = open_file(self.path, self._limits, self._stamp)
        connection = opened.connection
        try:
            recover(self.path.parent, connection, fresh=opened.fresh)
            engine = Engine(connection)
            self._free = {
                purpose: [connection.cursor() for _ in range(count)]
                for purpose, count in _COUNTS.items()
            }
            self._loaded(list(opened.notes))
        except BaseException:
            connection.close()
            raise
        return engine
