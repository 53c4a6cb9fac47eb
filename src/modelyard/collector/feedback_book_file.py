"""The file of the book of feedback: its tables and the statements on them."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec

from modelyard.collector.feedback_told import Requests, Told
from modelyard.domain.errors import DiskFull, Unavailable

_AT_ONCE = 500
_BUSY_SECONDS = 10.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS told (key BLOB PRIMARY KEY, value REAL NOT NULL, day INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting (
    workspace TEXT, service TEXT, id TEXT, metric TEXT, value REAL, happened REAL, received REAL,
    PRIMARY KEY (id, workspace, service, metric)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leaving (number INTEGER PRIMARY KEY AUTOINCREMENT, row BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
"""


def open_book(path: Path) -> sqlite3.Connection:
    """The file, made where there is none, and as only its owner may read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # what was answered survives a lost power
        connection.executescript(_SCHEMA)
        connection.execute("INSERT OR IGNORE INTO facts VALUES ('id', ?)", (token_hex(8),))
    except BaseException:
        connection.close()
        raise
    return connection


def fact(connection: sqlite3.Connection, name: str) -> str:
    """What is noted under a name; '' for nothing."""
    found = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return str(found[0]) if found else ""


def values_of(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, float]:
    """What was told first, by the key, of those that are known."""
    found: dict[bytes, float] = {}
    for part in _parts(keys):
        marks = ",".join("?" * len(part))
        statement = f"SELECT key, value FROM told WHERE key IN ({marks})"  # noqa: S608
        found.update(connection.execute(statement, part).fetchall())
    return found


def waiting_for(connection: sqlite3.Connection, ids: Iterable[str]) -> list[tuple[Told, float]]:
    """What waits for requests with these ids, and when it came."""
    found = []
    for part in _parts(sorted(ids)):
        marks = ",".join("?" * len(part))
        names = "workspace, service, id, metric, value, happened, received"
        statement = f"SELECT {names} FROM waiting WHERE id IN ({marks})"  # noqa: S608
        rows = connection.execute(statement, part)
        found += [(Told(*row[:6]), row[6]) for row in rows]
    return found


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(values), _AT_ONCE):
        yield values[first : first + _AT_ONCE]


def let_leave(
    connection: sqlite3.Connection, told: Sequence[Told], requests: Requests, received: float
) -> None:
    """Their requests are known: they are rows to be taken."""
    encode = msgspec.msgpack.Encoder().encode
    rows = (
        {
            **requests[one.place],
            "timestamp": received, "id": one.id, "metric": one.metric, "value": one.value,
            "happened": one.happened,
        }
        for one in told
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO leaving (row) VALUES (?)", [(encode(row),) for row in rows]
    )


def stop_waiting(connection: sqlite3.Connection, one: Told) -> None:
    """It waits no more."""
    connection.execute(
        "DELETE FROM waiting WHERE id = ? AND workspace = ? AND service = ? AND metric = ?",
        (one.id, one.workspace, one.service, one.metric),
    )


def count_dropped(connection: sqlite3.Connection, dropped: int) -> None:
    """So many more were given up."""
    if dropped:
        connection.execute(
            "INSERT INTO facts VALUES ('dropped', ?) "
            "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (dropped,),
        )


@contextmanager
def in_our_words(path: Path) -> Iterator[None]:
    """Its errors as ours: Unavailable, DiskFull."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error) or "disk I/O" in str(error):
            raise DiskFull("There is no room left for feedback.") from error
        raise Unavailable(f"{path} cannot be used: {error}.") from error
    except OSError as error:
        raise Unavailable(f"{path} cannot be used: {error.strerror}.") from error
