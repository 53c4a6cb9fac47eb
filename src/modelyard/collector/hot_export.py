"""What is only in the engine, as files: each time only what came since the last time."""

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import duckdb

from modelyard.collector.leases import Leases
from modelyard.collector.store_layout import BATCH, Layout

_FILES = 16
"""Small files of a table before they are written anew as one."""


class HotExports:
    """Files of the rows in the engine. For one thread, but ``forget``, under the store's lock."""

    def __init__(self, folder: Path, leases: Leases) -> None:
        self._folder = folder
        self._leases = leases
        self._known: dict[str, tuple[int, tuple[Path, ...]]] = {}
        self._number = itertools.count()
        self._generations: Counter[str] = Counter()

    def clear(self) -> None:
        """Delete what an earlier process left."""
        self._known.clear()
        with suppress(OSError):
            for path in self._folder.iterdir():
                path.unlink()

    def forget(self, table: str) -> None:
        """Rows of the table are no longer where they were."""
        self._generations[table] += 1
        _, paths = self._known.pop(table, (0, ()))
        self._leases.remove(paths)

    def generation(self, table: str) -> int:
        """How often ``forget`` was called."""
        return self._generations[table]

    def hold(self, paths: Iterable[Path]) -> Callable[[], None]:
        """Keep these files until the returned function is called."""
        return self._leases.hold(paths)

    def remove(self, paths: Iterable[Path]) -> None:
        """Delete files that nobody else may use."""
        self._leases.remove(paths)

    def known(self, table: str) -> tuple[int, tuple[Path, ...]]:
        """The batch up to which the files reach, and the files."""
        batch, paths = self._known.get(table, (0, ()))
        if len(paths) < _FILES:
            return batch, paths
        self.forget(table)
        return 0, ()

    def remember(self, table: str, batch: int, paths: tuple[Path, ...]) -> None:
        """They reach up to this batch now."""
        self._known[table] = (batch, paths)

    def write(
        self, cursor: duckdb.DuckDBPyConnection, layout: Layout, after: int, upto: int
    ) -> Path | None:
        """A file of the rows of batches ``after`` < batch ≤ ``upto``; None for no rows."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        within = f"r.{BATCH} > {after} AND r.{BATCH} <= {upto}"
        found = cursor.execute(
            f"SELECT 1 FROM {layout.rows_table} r WHERE {within} LIMIT 1"
        ).fetchone()
        if found is None:
            return None
        name = f"{layout.table.name}-{os.getpid()}-{next(self._number)}.parquet"
        path = self._folder / name
        target = "'" + str(path).replace("'", "''") + "'"
        try:
            cursor.execute(f"COPY ({layout.select} WHERE {within}) TO {target} (FORMAT parquet)")
        except duckdb.Error:
            path.unlink(missing_ok=True)
            raise
        return path
