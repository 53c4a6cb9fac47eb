"""Snapshots of rows that a test puts in, without a store."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from modelyard.collector.snapshot import Snapshot
from modelyard.telemetry.tables import TABLES


class FakeSnapshots:
    """
    Keeps rows as Parquet files in a folder; ``held`` is how many snapshots are out.

    With ``failure`` set, ``snapshot`` raises it.
    """

    def __init__(self, folder: Path) -> None:
        self.held = 0
        self.failure: Exception | None = None
        self._folder = folder
        self._files: dict[str, tuple[Path, ...]] = {}

    def put(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows by their columns' names; what is not named is NULL."""
        columns = TABLES[table].columns
        path = self._folder / f"{table}-{len(self._files.get(table, ()))}.parquet"
        with duckdb.connect() as connection:
            types = ", ".join(f'"{c.name}" {c.type}' for c in columns)
            connection.execute(f"CREATE TABLE rows ({types})")
            marks = ", ".join("?" for _ in columns)
            values = [[row.get(c.name) for c in columns] for row in rows]
            connection.executemany(f"INSERT INTO rows VALUES ({marks})", values)  # noqa: S608
            connection.execute(f"COPY rows TO '{path}' (FORMAT parquet)")
        self._files[table] = (*self._files.get(table, ()), path)

    async def snapshot(self, tables: Collection[str] | None = None) -> Snapshot:
        if self.failure is not None:
            raise self.failure
        names = TABLES if tables is None else tables
        self.held += 1
        released: list[bool] = []

        def release() -> None:
            if not released:
                released.append(True)
                self.held -= 1

        files = {name: self._files.get(name, ()) for name in names}
        return Snapshot(files, {name: _select(name, files[name]) for name in names}, release)


def _select(table: str, files: Sequence[Path]) -> str:
    if not files:
        columns = TABLES[table].columns
        nothing = ", ".join(f'NULL::{c.type} AS "{c.name}"' for c in columns)
        return f"SELECT {nothing} WHERE false"
    listed = ", ".join(f"'{path}'" for path in files)
    return f"SELECT * FROM read_parquet([{listed}])"  # noqa: S608 - a test's own paths
