"""
Every row of a database as JSON lines, and back: what a backup keeps.

A dump says which kind each column is, so that a later release can read it into the schema of its
time, and so that a dump of SQLite goes into PostgreSQL and the other way round.
"""

import importlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    inspect,
    select,
)
from sqlalchemy.exc import InterfaceError, OperationalError, StatementError
from sqlalchemy.types import TypeEngine

from modelyard.domain.errors import BadArchive, Conflict
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.schema import HEAD, REVISIONS, alembic_version
from modelyard.stores.sql.tables import leases, metadata
from modelyard.stores.sql.types import Document, LooseDocument, Moment

Layout = Mapping[str, Mapping[str, str]]
"""The kind of each column of each table; tables come after those that they refer to."""

_KINDS: Mapping[str, TypeEngine[Any]] = {
    "moment": Moment(),
    "document": Document,
    "loose": LooseDocument(),
    "boolean": Boolean(),
    "integer": BigInteger(),
    "number": Float(),
    "text": Text(),
}
_ROWS = 500


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """
    A transaction that sees one state of everything, however long it takes.

    Raises Conflict when the schema is another release's.
    """
    with database.read() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        check_schema(connection)
        yield connection


def check_schema(connection: Connection) -> None:
    """Raises Conflict unless the schema is this release's."""
    found = revision_of(connection)
    if found != HEAD:
        raise Conflict(
            f"The database has schema {found or '(none)'} and this release works with {HEAD}. "
            "Run 'modelyard up' of this release once, which brings it up to date."
        )


def revision_of(connection: Connection) -> str | None:
    """The revision of the schema; None for a database that has none of ours."""
    if not inspect(connection).has_table(alembic_version.name):
        return None
    return connection.execute(select(alembic_version.c.version_num)).scalar_one_or_none()


def layout() -> Layout:
    """This release's. Leases are left out: who led there does not lead where it is restored."""
    return {
        table.name: {column.name: _kind(column) for column in table.columns}
        for table in metadata.sorted_tables
        if table is not leases
    }


def rows(connection: Connection, name: str) -> Iterator[dict[str, Any]]:
    """Every row of a table, JSON-able, few of them in memory at a time."""
    table = metadata.tables[name]
    query = select(table).order_by(*table.primary_key.columns)
    with connection.execute(query.execution_options(yield_per=_ROWS)) as result:
        for row in result:
            yield {key: _jsonable(value) for key, value in row._mapping.items()}


def to_line(row: Mapping[str, Any]) -> bytes:
    """A row as one line of ASCII; NaN is written as Python writes it."""
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def create(connection: Connection, revision: str, release: str) -> None:
    """
    Give an empty database the schema of a revision.

    Raises Conflict for one that this release does not know, naming the ``release`` that wrote it.
    """
    if revision not in REVISIONS:
        raise Conflict(
            f"The backup was made by Modelyard {release[:40]} and has schema {revision[:40]!r}; "
            f"this release knows schemas up to {HEAD}. Install {release[:40]} or a newer release, "
            "then restore again."
        )
    importlib.import_module("modelyard.stores.sql.upgrade").upgrade(connection, revision)


def load(
    connection: Connection, name: str, columns: Mapping[str, str], lines: Iterable[bytes]
) -> int:
    """Insert rows that ``to_line`` wrote; how many. Raises BadArchive for what does not fit."""
    table = _table(connection, name, columns)
    count = 0
    batch: list[dict[str, Any]] = []
    for line in lines:
        batch.append(_row(line, name, columns))
        count += 1
        if len(batch) == _ROWS:
            _insert(connection, table, batch)
            batch = []
    if batch:
        _insert(connection, table, batch)
    return count


def finish(connection: Connection, tables: Layout) -> None:
    """After the last row: number series go on behind what is there, then today's schema."""
    if connection.dialect.name == "postgresql":
        for name, columns in tables.items():
            for column in (c for c, kind in columns.items() if kind == "integer"):
                _count_on(connection, name, column)
    importlib.import_module("modelyard.stores.sql.upgrade").upgrade(connection)


def _kind(column: Column[Any]) -> str:
    if isinstance(column.type, Moment):
        return "moment"
    if isinstance(column.type, LooseDocument):
        return "loose"
    if column.type is Document:
        return "document"
    if isinstance(column.type, Boolean):
        return "boolean"
    if isinstance(column.type, Float):
        return "number"
    return "integer" if isinstance(column.type, Integer) else "text"


def _jsonable(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _table(connection: Connection, name: str, columns: Mapping[str, str]) -> Table:
    found = inspect(connection)
    there = {c["name"] for c in found.get_columns(name)} if found.has_table(name) else set()
    if not set(columns) <= there or not set(columns.values()) <= set(_KINDS):
        raise BadArchive(f"The backup's table {name[:64]!r} does not fit its schema.")
    return Table(name, MetaData(), *(Column(c, _KINDS[kind]) for c, kind in columns.items()))


def _insert(connection: Connection, table: Table, batch: list[dict[str, Any]]) -> None:
    try:
        connection.execute(table.insert(), batch)
    except (OperationalError, InterfaceError):
        raise  # the database's fault, not the backup's
    except StatementError as error:
        raise BadArchive(
            f"The backup is torn: rows of {table.name!r} do not fit the others."
        ) from error


def _row(line: bytes, name: str, columns: Mapping[str, str]) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if row.keys() != columns.keys():
            raise ValueError("other columns")
        for column, kind in columns.items():
            if kind == "moment" and row[column] is not None:
                row[column] = datetime.fromisoformat(row[column])
    except (ValueError, TypeError, AttributeError) as error:
        raise BadArchive(f"A row of {name!r} in the backup cannot be read: {error}.") from error
    return dict(row)


def _count_on(connection: Connection, table: str, column: str) -> None:
    series = connection.execute(select(func.pg_get_serial_sequence(table, column))).scalar()
    if series is None:
        return
    known = Table(table, MetaData(), Column(column, BigInteger()))
    last = connection.execute(select(func.max(known.c[column]))).scalar()
    if last is not None:
        connection.execute(select(func.setval(series, last)))
