"""Statements that several nouns need."""

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, exists, func, select
from sqlalchemy.dialects import sqlite

from modelyard.domain.errors import NotFound
from modelyard.stores.sql.tables import counters, workspaces


def insert(connection: Connection, table: Table) -> sqlite.Insert:
    """
    An INSERT of the connection's own dialect, which knows ON CONFLICT.

    PostgreSQL's has the same methods as SQLite's; it is imported only where it is used, because
    every start of a server would wait for it.
    """
    build = sqlite.insert
    if connection.dialect.name != "sqlite":
        build = importlib.import_module("sqlalchemy.dialects.postgresql").insert
    return build(table).inline()


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless it breaks a rule of uniqueness; whether it was inserted."""
    statement = insert(connection, table).on_conflict_do_nothing()
    counted = statement.execution_options(preserve_rowcount=True)  # kept for UPDATEs alone else
    return connection.execute(counted, row).rowcount == 1


def next_number(connection: Connection, workspace: str, kind: str, name: str) -> int:
    """
    The next number of a series, from 1; never the same twice, also after removals.

    Who asks for the same series meanwhile waits for the end of this transaction.
    """
    return _count(connection, workspace, kind, name, 1)


def hold_series(connection: Connection, workspace: str, kind: str, name: str) -> None:
    """Let others who want a number of this series wait, without using one up."""
    _count(connection, workspace, kind, name, 0)


def _count(connection: Connection, workspace: str, kind: str, name: str, step: int) -> int:
    row = {"workspace": workspace, "kind": kind, "name": name}
    statement = insert(connection, counters).on_conflict_do_update(
        index_elements=[counters.c.workspace, counters.c.kind, counters.c.name],
        set_={"value": counters.c.value + step},
    )
    connection.execute(statement, {**row, "value": step})
    mine = (counters.c[key] == value for key, value in row.items())
    value: int = connection.execute(select(counters.c.value).where(*mine)).scalar_one()
    return value


def hold_workspace(connection: Connection, name: str) -> None:
    """
    Make sure that the workspace is there, and stays until this transaction ends.

    Raises ``NotFound``.
    """
    query = select(workspaces.c.name).where(workspaces.c.name == name)
    if connection.execute(query.with_for_update(read=True, key_share=True)).first() is None:
        raise NotFound(f"There is no workspace {name!r}.")


def has_entries(
    connection: Connection, column: Column[Any], wanted: Mapping[str, str | None]
) -> Iterable[ColumnElement[bool]]:
    """That the column's document has these keys, each with its value unless that is None."""
    sqlite_speaks = connection.dialect.name == "sqlite"
    each = func.json_each if sqlite_speaks else func.json_each_text
    for key, value in wanted.items():
        entry = each(column).table_valued("key", "value")
        matches = (
            [entry.c.key == key] if value is None else [entry.c.key == key, entry.c.value == value]
        )
        yield exists(select(1).select_from(entry).where(*matches).correlate(column.table))
