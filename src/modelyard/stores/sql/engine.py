"""Connections to the database: SQLite embedded, PostgreSQL when that is outgrown."""

import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from modelyard.domain.errors import BadInput, MissingExtra
from modelyard.stores import documents
from modelyard.stores.sql.tables import for_postgresql

BUSY_SECONDS = 10.0
"""How long a write waits for another process to finish its own."""

WRITES = "modelyard_writes"
"""Execution option of connections whose transactions take SQLite's write lock at once."""

_POSTGRESQL = {"postgres", "postgresql", "postgresql+psycopg"}


def connect(url: str) -> Engine:
    """
    An engine for ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/DATABASE``.

    Nothing is asked of a server yet. Raises ``BadInput`` for another kind of address,
    ``MissingExtra`` without the PostgreSQL driver.
    """
    parsed = _parse(url)
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        return _sqlite(parsed)
    if parsed.drivername in _POSTGRESQL:
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise BadInput(
        f"The database address starts with {parsed.drivername!r}; it must be sqlite:///FILE or "
        "postgresql://USER:PASSWORD@HOST/DATABASE."
    )


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:  # the address may hold a password: not shown
        raise BadInput(
            "The database address cannot be read; it must be sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/DATABASE."
        ) from error


def _postgresql(url: URL) -> Engine:
    for_postgresql()
    try:
        return create_engine(
            url,
            pool_size=8,
            max_overflow=24,
            pool_pre_ping=True,  # a server that was restarted is not an error of the next call
            json_serializer=documents.encode,
            json_deserializer=documents.decode,
        )
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "PostgreSQL needs its driver: pip install 'modelyard[postgres]'."
        ) from error


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise BadInput("The SQLite address names no file; it must be sqlite:///FILE.")
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=24,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        json_serializer=documents.encode,
        json_deserializer=documents.decode,
    )
    file = Path(url.database)
    event.listen(engine, "do_connect", lambda *_: _create(file))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _create(file: Path) -> None:
    """
    A new database for the owner alone and in WAL mode, made aside and then given its name.

    SQLite would make the file readable for all, and several processes that switch a new one to WAL
    at once refuse each other. The file itself is never opened here: closing it would take away the
    locks that connections of this process have on it.
    """
    if file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)  # mode 0600
    try:
        os.close(descriptor)
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        Path(draft).unlink()


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver shall not begin transactions: _begin does
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    """
    A write takes the lock at its start.

    A transaction that reads first and upgrades later fails at once when another one wrote in
    between, however long it would be willing to wait.
    """
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
