"""
Opening the engine's file, also one that a crash or a bad disk has damaged.

What cannot be read is set aside under another name, with a note: the collector never goes round
in circles over it.
"""

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from modelyard.collector.store_layout import LAYOUTS, SCHEMA
from modelyard.domain.errors import DiskFull, ModelyardError, Unavailable

TRIES = 3
"""Openings in a row that a process may die in before the file counts as damaged."""

_FULL = re.compile(r"no space left|disk quota|file too large|not enough disk space", re.IGNORECASE)
_LOCKED = re.compile(r"set lock|conflicting lock|already open", re.IGNORECASE)
_BAD_ENTRY = re.compile(r"entry at byte position (\d+)")
_DENIED = re.compile(r"permission denied|read-only file system", re.IGNORECASE)


_NOT_THE_FILES = (
    duckdb.BinderException,
    duckdb.InvalidInputException,
    duckdb.OutOfMemoryException,
    duckdb.ParserException,
)
"""Errors in what we ask for, which say nothing about the file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the engine may use: memory in bytes, threads."""

    memory: int = 256 * 1024**2
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Opened:
    """The engine; ``fresh`` says that there was no file, or none that could be read."""

    connection: duckdb.DuckDBPyConnection
    fresh: bool
    notes: tuple[str, ...]


def open_file(path: Path, limits: Limits, stamp: Callable[[], str]) -> Opened:
    """
    Open (or make) the file. ``stamp`` is what names of damaged files end with.

    Raises Unavailable while another process has it or it may not be read, DiskFull.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    notes: list[str] = []
    mark = path.with_suffix(".opening")
    tried = _count(mark)
    ending = stamp()
    if tried >= TRIES:
        notes += _set_aside(path, ending, f"{tried} processes ended while they opened it")
        mark.unlink(missing_ok=True)
        tried = 0
    _write(mark, str(tried + 1))
    try:
        opened = _open(path, limits, ending, notes)
    finally:
        with suppress(OSError):
            mark.unlink(missing_ok=True)
    return opened


def trouble(error: duckdb.Error | OSError, path: Path) -> ModelyardError | None:
    """What an error of the engine means where the file is not to blame; None where it is."""
    text = str(error)
    if _FULL.search(text):
        return DiskFull("There is no room left for telemetry.")
    if _LOCKED.search(text):
        return Unavailable(f"Another process has {path} open; telemetry waits for it to end.")
    if _DENIED.search(text):
        return Unavailable(f"{path} may not be written: {text.splitlines()[0]}")
    return None


def set_aside(path: Path, stamp: str, why: str) -> list[str]:
    """Move the file and what belongs to it away; what to tell people."""
    return _set_aside(path, stamp, why)


def _open(path: Path, limits: Limits, stamp: str, notes: list[str]) -> Opened:
    wal = path.with_name(path.name + ".wal")
    for attempt in (wal, wal, path, None):
        fresh = not path.exists()
        try:
            return Opened(_connect(path, limits), fresh, tuple(notes))
        except duckdb.Error as error:
            known = trouble(error, path)
            if known is not None:
                raise known from error
            if attempt is None or isinstance(error, _NOT_THE_FILES):
                raise Unavailable(f"{path} cannot be opened: {error}") from error
            if attempt.exists():
                why = str(error).splitlines()[0]
                whole = _BAD_ENTRY.search(why) if attempt is wal else None
                notes += _set_aside(attempt, stamp, why)
                if whole is not None:
                    _keep_beginning(wal, stamp, int(whole[1]))
    raise AssertionError("the last attempt returns or raises")


def _connect(path: Path, limits: Limits) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        str(path),
        config={
            "memory_limit": f"{limits.memory}B",
            "threads": limits.threads,
            "temp_directory": str(path.with_suffix(".tmp")),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    try:
        # rows are here for an hour: packing them costs as much as writing them
        connection.execute("PRAGMA force_compression = 'uncompressed'")
        present = _columns(connection)
        _complete(connection, present)
    except BaseException:
        with suppress(duckdb.Error):
            connection.close()
        raise
    return connection


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """The columns of each table that is there."""
    found: dict[str, set[str]] = {}
    statement = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    for table, column in connection.execute(statement).fetchall():
        found.setdefault(table, set()).add(column)
    return found


def _complete(connection: duckdb.DuckDBPyConnection, present: dict[str, set[str]]) -> None:
    """Add the tables and columns that a file of an earlier release lacks."""
    for statement in SCHEMA:
        connection.execute(statement)
    for layout in LAYOUTS.values():
        for table, places in (
            (layout.rows_table, layout.values),
            (layout.labels_table, layout.labels),
        ):
            for column in layout.columns(places):
                if table in present and column.name not in present[table]:
                    statement = f'ALTER TABLE {table} ADD COLUMN "{column.name}" {column.type}'
                    connection.execute(statement)


def _set_aside(path: Path, stamp: str, why: str) -> list[str]:
    """Rename; both the file and its log of late writes where the file itself goes."""
    notes = []
    for each in (path, path.with_name(path.name + ".wal")):
        if each.exists():
            kept = _damaged(each, stamp)
            each.rename(kept)
            notes.append(f"{each.name} could not be read ({why}); it was kept as {kept.name}.")
    return notes


def _keep_beginning(wal: Path, stamp: str, size: int) -> None:
    """What lies before the damage is good: the transactions in it are not lost."""
    with suppress(OSError):
        shutil.copyfile(_damaged(wal, stamp), wal)
        os.truncate(wal, size)


def _damaged(path: Path, stamp: str) -> Path:
    return path.with_name(f"{path.name}.damaged-{stamp}")


def _count(mark: Path) -> int:
    try:
        return int(mark.read_text())
    except (OSError, ValueError):
        return 0


def _write(mark: Path, text: str) -> None:
    try:
        mark.write_text(text)
    except OSError as error:
        raise DiskFull(f"There is no room left for telemetry: {error}.") from error
