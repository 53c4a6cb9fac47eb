"""The DuckDB of a query process: closed to everything but the files of telemetry."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

from modelyard.collector.query import aliases
from modelyard.collector.query.gate import check
from modelyard.collector.query.kql import language_of, to_sql, without_column
from modelyard.collector.query.messages import Ask, Column, Done, Piece
from modelyard.collector.query.ready import COLUMNS, VIEWS, tables_below
from modelyard.collector.query.values import encoder
from modelyard.domain.errors import BadInput
from modelyard.telemetry.tables import TABLES

_ROWS = 1000
_AT_ONCE = 1 << 62

Fetch = Callable[[Sequence[str]], Mapping[str, str]]
"""
Gets the SELECTs of these tables, their files being there from now on. Asked also for none: it
raises where the query was given up meanwhile.
"""


def open_engine(folders: Collection[Path], memory: int, threads: int) -> duckdb.DuckDBPyConnection:
    """An empty database in memory that can read below ``folders`` and be set up no more."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory}B",
            "threads": threads,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "max_expression_depth": 1000,
        },
    )
    listed = ", ".join(_quoted(str(folder)) for folder in folders)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET allowed_directories = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def answer(
    connection: duckdb.DuckDBPyConnection, ask: Ask, fetch: Fetch
) -> Iterator[Piece | Done]:
    """
    The query's answer, piece by piece; nothing but its end where it is only checked.

    Raises BadInput before anything is run, and DuckDB's own errors while it is.
    """
    language = language_of(ask.text, ask.language)
    names = aliases.mentioned(ask.text, language)
    columns = aliases.columns(COLUMNS, names)
    text = to_sql(ask.text, columns) if language == "kql" else ask.text
    used = check(connection, text, COLUMNS)
    below = tables_below(used)
    wanted = sorted(below | aliases.needed(below, names))
    selects = {name: _nothing(name) for name in wanted} if ask.check else fetch(wanted)
    bounded = {name: _bounded(select, ask) for name, select in selects.items()}
    for name in below:
        whole = aliases.with_aliases(name, bounded[name], names, bounded.get("requests", ""))
        _view(connection, name, whole)
    for name in used & VIEWS.keys():
        _view(connection, name, VIEWS[name].select)
    found = _found(connection, text, ask)
    try:
        for part in found:
            yield part if isinstance(part, Piece) else _of_language(part, language)
    except duckdb.BinderException as error:
        told = without_column(str(error)) if language == "kql" else None
        if told is None:
            raise
        raise BadInput(told) from error


def _found(connection: duckdb.DuckDBPyConnection, text: str, ask: Ask) -> Iterator[Piece | Done]:
    if ask.check:
        return _checked(connection, text)
    return _arrow(connection, text, ask) if ask.arrow else _json(connection, text, ask)


def _checked(connection: duckdb.DuckDBPyConnection, text: str) -> Iterator[Piece | Done]:
    """Have the engine look for every column and function, whatever the parameters will be."""
    try:
        connection.execute(f"PREPARE checked AS {text}")
    except duckdb.Error as error:  # its excerpt would show our own word
        raise type(error)(str(error).partition("\n\nLINE")[0]) from error
    connection.execute("DEALLOCATE checked")
    yield Done([], 0)


def _nothing(table: str) -> str:
    """The SELECT of a table without rows."""
    columns = ", ".join(f'NULL::{c.type} AS "{c.name}"' for c in TABLES[table].columns)
    return f"SELECT {columns} WHERE false"


def _of_language(done: Done, language: str) -> Done:
    return Done(done.columns, done.count, done.truncated, language)


def _view(connection: duckdb.DuckDBPyConnection, name: str, select: str) -> None:
    connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {select}')


def _bounded(select: str, ask: Ask) -> str:
    """Only the rows that the caller may see."""
    where = []
    if ask.since is not None:
        since = datetime.fromtimestamp(ask.since, UTC).replace(tzinfo=None)
        where.append(f"timestamp >= TIMESTAMP '{since.isoformat(' ')}'")
    if ask.workspace is not None:
        where.append(f"workspace = {_quoted(ask.workspace)}")
    if not where:
        return select
    bounded = f"SELECT * FROM ({select}) WHERE {' AND '.join(where)}"  # noqa: S608 - quoted above
    # no condition of the caller's is tried below a LIMIT: an error in it would tell values of
    # rows that are not the caller's
    hidden = ask.workspace is not None and ask.strict
    return bounded if not hidden else f"{bounded} LIMIT {_AT_ONCE}"


def _json(connection: duckdb.DuckDBPyConnection, text: str, ask: Ask) -> Iterator[Piece | Done]:
    result = connection.execute(text, ask.parameters)
    columns = [Column(str(name), str(kind)) for name, kind, *_ in result.description or ()]
    encode = encoder([column.type for column in columns])
    count, size, truncated = 0, 0, ""
    while rows := result.fetchmany(min(_ROWS, ask.rows + 1 - count)):
        if count + len(rows) > ask.rows:
            rows, truncated = rows[: ask.rows - count], "rows"
        data = encode(rows) if rows else b""
        if size + len(data) > ask.size:
            truncated = "bytes"
            break
        count, size = count + len(rows), size + len(data)
        if data:
            yield Piece(data)
        if truncated:
            break
    yield Done(columns, count, truncated)


def _arrow(connection: duckdb.DuckDBPyConnection, text: str, ask: Ask) -> Iterator[Piece | Done]:
    # its libraries are loaded by who asks for Arrow only
    stream = import_module("modelyard.collector.query.arrow").stream
    parameters: Any = ask.parameters
    relation = connection.sql(text, params=parameters) if parameters else connection.sql(text)
    data, count, truncated = stream(relation, ask.rows, ask.size)
    for start in range(0, len(data), 1 << 20):
        yield Piece(data[start : start + (1 << 20)])
    columns = [
        Column(name, str(kind))
        for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    yield Done(columns, count, truncated)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
