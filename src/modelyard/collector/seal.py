"""
From the engine to hourly files.

A file is written whole under another name, then renamed, with a mark beside it; then one
transaction deletes its rows and notes its name; then the mark goes. So at the next start a mark
says what happened: with the name noted the file counts, without it the rows do.
"""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import duckdb

from modelyard.collector.hot_export import HotExports
from modelyard.collector.sealed_files import HOUR, MARK, SealedFile, SealedFiles, folder_of
from modelyard.collector.store_layout import BATCH, LAYOUTS, Layout

GRACE = 300.0
"""Seconds after an hour's end until it is sealed: most late rows have come by then."""

HOT_ROWS = 2_000_000
"""Rows of a table above which all of it is sealed at once, so that the engine stays small."""


def due(rows: Mapping[int, int], now: float, limit: int = HOT_ROWS) -> list[int]:
    """
    Which hours to seal, of those that the engine has rows of.

    Pure. Hours that are over, however late their rows came; all when there are too many rows.
    """
    if sum(rows.values()) > limit:
        return sorted(rows)
    return sorted(hour for hour in rows if hour + HOUR + GRACE <= now)


class Sealer:
    """Seals; in a thread of its own. ``turn`` is held where rows move from engine to file."""

    def __init__(
        self, folder: Path, files: SealedFiles, exports: HotExports, turn: threading.RLock
    ) -> None:
        self._folder = folder
        self._files = files
        self._exports = exports
        self._turn = turn
        self.limit = HOT_ROWS

    def run(
        self, cursor: duckdb.DuckDBPyConnection, batch: int, now: float,
        sealed: Callable[[str], None],
    ) -> int:  # fmt: skip
        """
        Seal what is due of batches up to ``batch``; how many files. ``sealed`` is told a table.

        Raises duckdb.Error, OSError; nothing is lost or doubled then.
        """
        count = 0
        for name, layout in LAYOUTS.items():
            for hour in due(self._hours(cursor, layout, batch), now, self.limit):
                self._seal(cursor, layout, hour, batch)
                sealed(name)
                count += 1
        return count

    def _hours(
        self, cursor: duckdb.DuckDBPyConnection, layout: Layout, batch: int
    ) -> dict[int, int]:
        found = cursor.execute(
            f"SELECT epoch_us(timestamp) // {HOUR * 1_000_000} AS hour, count(*) "
            f"FROM {layout.rows_table} WHERE {BATCH} <= {batch} GROUP BY hour"
        ).fetchall()
        return {hour * HOUR: rows for hour, rows in found}

    def _seal(
        self, cursor: duckdb.DuckDBPyConnection, layout: Layout, hour: int, batch: int
    ) -> None:
        folder = folder_of(self._folder, layout.table.name, hour)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        token = token_hex(6)
        hidden = folder / f".part-{token}.tmp"
        within = (
            f"timestamp >= make_timestamp({hour * 1_000_000}) "
            f"AND timestamp < make_timestamp({(hour + HOUR) * 1_000_000}) AND {BATCH} <= {batch}"
        )
        try:
            rows = _copy(cursor, layout, within, hidden)
            path = folder / f"part-{token}-{rows}-{layout.digest}.parquet"
            mark = path.with_suffix(MARK)
            _sync(hidden)
            mark.touch(mode=0o600)
            hidden.rename(path)
            _sync(folder)
        except BaseException:
            hidden.unlink(missing_ok=True)
            raise
        file = SealedFile(path, layout.table.name, hour, rows, layout.digest, path.stat().st_size)
        self._move(cursor, layout, within, file)
        mark.unlink(missing_ok=True)

    def _move(
        self, cursor: duckdb.DuckDBPyConnection, layout: Layout, within: str, file: SealedFile
    ) -> None:
        """The moment from which the file has the rows and the engine has not."""
        cursor.begin()
        try:
            cursor.execute(f"DELETE FROM {layout.rows_table} WHERE {within}")
            cursor.execute("INSERT INTO _sealed VALUES (?)", [file.path.name])
            with self._turn:
                cursor.commit()
                self._files.add(file)
                self._exports.forget(layout.table.name)
        except BaseException:
            with suppress(duckdb.Error):
                cursor.rollback()
            raise


def recover(folder: Path, connection: duckdb.DuckDBPyConnection, *, fresh: bool) -> None:
    """
    Finish what a killed process had begun; before the files are looked at.

    ``fresh``: the engine has lost what it held, so that every file counts.
    """
    noted = {name for (name,) in connection.execute("SELECT name FROM _sealed").fetchall()}
    for mark in folder.glob(f"*/date=*/hour=*/*{MARK}"):
        path = mark.with_suffix(".parquet")
        if not fresh and path.name not in noted:
            path.unlink(missing_ok=True)  # the engine still has the rows
        mark.unlink(missing_ok=True)
    for hidden in folder.glob("*/date=*/hour=*/.part-*.tmp"):
        hidden.unlink(missing_ok=True)
    connection.execute("DELETE FROM _sealed")


def _copy(
    cursor: duckdb.DuckDBPyConnection, layout: Layout, within: str, target: Path
) -> int:  # fmt: skip
    name = "'" + str(target).replace("'", "''") + "'"
    found = cursor.execute(
        f"COPY ({layout.select} WHERE {within} ORDER BY timestamp) TO {name} "
        "(FORMAT parquet, COMPRESSION zstd)"
    ).fetchone()
    return int(found[0]) if found else 0


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
