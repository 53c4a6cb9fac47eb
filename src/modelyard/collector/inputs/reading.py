"""Rows out of files, by an engine of its own for each question."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from arro3.core import Table

from modelyard.collector.inputs.batches import (
    CORRELATION,
    MODEL,
    REQUEST,
    TIMESTAMP,
    VERSION,
)
from modelyard.collector.query.arrow import stream
from modelyard.collector.query.values import encoder
from modelyard.domain.errors import BadInput
from modelyard.wire.telemetry import Column

MEMORY = 256 * 1024 * 1024
MOST_BYTES = 256 * 1024 * 1024
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: times in seconds since the epoch, ``limit`` of rows; '' and None for all."""

    limit: int
    since: float | None = None
    until: float | None = None
    model: str = ""
    version: str = ""
    request: str = ""
    correlation: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """``body`` is JSON rows with commas between them, or an Arrow stream."""

    columns: list[Column]
    body: bytes
    truncated: str


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that takes little of it."""
    config: Mapping[str, Any] = {
        "memory_limit": f"{MEMORY}B", "threads": 1, "temp_directory": "",
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        "python_enable_replacements": False,
    }  # fmt: skip
    connection = duckdb.connect(":memory:", config=dict(config))
    try:
        yield connection
    finally:
        connection.close()


def rows_of(files: Sequence[Path]) -> dict[Path, int]:
    """How many rows each file has, from its footer. Raises OSError when one has gone."""
    if not files:
        return {}
    with engine() as connection:
        found = _run(
            connection,
            "SELECT file_name, num_rows FROM parquet_file_metadata(?)",
            [[str(path) for path in files]],
        ).fetchall()
    return {Path(name): int(rows) for name, rows in found}


def read(files: Sequence[Path], tables: Sequence[Table], wanted: Wanted, *, arrow: bool) -> Found:
    """
    The rows, oldest first; columns that a file has not are NULL.

    Raises OSError when a file has gone, BadInput where the files' columns cannot be put together.
    """
    with engine() as connection:
        sources = _sources(connection, files, tables)
        if not sources:
            return Found([], b"", "")
        text, parameters = _question(" UNION ALL BY NAME ".join(sources), wanted)
        if arrow:
            relation = connection.sql(text, params=parameters)
            data, _, truncated = stream(relation, wanted.limit, MOST_BYTES)
            return Found([], data, truncated)
        return _as_json(_run(connection, text, parameters), wanted.limit)


def _sources(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], tables: Sequence[Table]
) -> list[str]:
    sources = []
    if files:
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
        sources.append(
            f"SELECT * FROM read_parquet([{listed}], "  # noqa: S608 - quoted
            "union_by_name = true, hive_partitioning = false)"
        )
    for number, table in enumerate(tables):
        connection.register(f"open{number}", table)
        sources.append(f"SELECT * FROM open{number}")  # noqa: S608 - our own name
    return sources


def _question(source: str, wanted: Wanted) -> tuple[str, list[Any]]:
    conditions = {
        f'epoch_us("{TIMESTAMP}") >= ?': None if wanted.since is None else wanted.since * 1e6,
        f'epoch_us("{TIMESTAMP}") < ?': None if wanted.until is None else wanted.until * 1e6,
        f'"{MODEL}" = ?': wanted.model or None,
        f'"{VERSION}" = ?': wanted.version or None,
        f'"{REQUEST}" = ?': wanted.request or None,
        f'"{CORRELATION}" = ?': wanted.correlation or None,
    }
    asked = {text: value for text, value in conditions.items() if value is not None}
    where = f"WHERE {' AND '.join(asked)} " if asked else ""
    # times without a zone, which the wire says are UTC: reading zones takes one more library
    replaced = f'* REPLACE (make_timestamp(epoch_us("{TIMESTAMP}")) AS "{TIMESTAMP}")'
    text = (
        f"SELECT {replaced} FROM (SELECT * FROM ({source}) {where}"  # noqa: S608 - our own names
        f'ORDER BY "{TIMESTAMP}" LIMIT {wanted.limit + 1})'
    )
    return text, list(asked.values())


def _as_json(result: duckdb.DuckDBPyConnection, limit: int) -> Found:
    columns = [Column(name=str(n), type=str(kind)) for n, kind, *_ in result.description or ()]
    encode = encoder([column.type for column in columns])
    parts: list[bytes] = []
    count, size, truncated = 0, 0, ""
    while not truncated and (rows := result.fetchmany(_AT_ONCE)):
        if count + len(rows) > limit:
            rows, truncated = rows[: limit - count], "rows"
        data = encode(rows) if rows else b""
        if size + len(data) > MOST_BYTES:
            truncated = "bytes"
            break
        count, size = count + len(rows), size + len(data)
        if data:
            parts.append(data)
    return Found(columns, b",".join(parts), truncated)


def _run(
    connection: duckdb.DuckDBPyConnection, text: str, parameters: Sequence[Any]
) -> duckdb.DuckDBPyConnection:
    try:
        return connection.execute(text, parameters)
    except duckdb.IOException as error:
        raise OSError(str(error)) from error
    except (duckdb.ConversionException, duckdb.BinderException) as error:
        raise BadInput(
            f"Files of different columns cannot be put together ({error}); ask for less time, or "
            "for one version."
        ) from error
