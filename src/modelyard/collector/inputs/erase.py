"""Rows of one subject, taken out of the files that have them."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from modelyard.collector.inputs.batches import CORRELATION, REQUEST
from modelyard.collector.inputs.places import Stored
from modelyard.collector.inputs.policies import Hasher
from modelyard.collector.inputs.reading import engine
from modelyard.collector.inputs.seal import sync
from modelyard.domain.errors import BadInput
from modelyard.wire.inputs import Erased

_OURS = (CORRELATION, REQUEST)


def erase(files: Iterable[Stored], column: str, value: str, hasher: Hasher) -> Erased:
    """
    Rewrite each file that has a row with this value in the column, as text, or with its hash.

    A file is replaced in one step. May be repeated after an error. Raises BadInput where no file
    has the column, OSError.
    """
    values = [value] if column in _OURS else [value, hasher.hashed(value)]
    rows = changed = 0
    known: set[str] = set()
    with engine() as connection:
        for file in files:
            columns = _columns(connection, file.path)
            known |= columns
            if column not in columns:
                continue
            gone = _without(connection, file.path, column, values)
            rows += gone
            changed += gone > 0
    if column not in known:
        listed = ", ".join(sorted(known - {"schema", "duckdb_schema"})) or "nothing at all"
        raise BadInput(
            f"Nothing that was collected of this service has a column {column!r}; "
            f"collected is: {listed}.",
            details={"field": "column"},
        )
    return Erased(rows=rows, files=changed)


def _columns(connection: duckdb.DuckDBPyConnection, path: Path) -> set[str]:
    try:
        found = connection.execute("SELECT name FROM parquet_schema(?)", [str(path)]).fetchall()
    except duckdb.Error as error:  # deleted meanwhile, or damaged
        raise OSError(f"{path} cannot be read: {error}") from error
    return {name for (name,) in found}


def _without(
    connection: duckdb.DuckDBPyConnection, path: Path, column: str, values: list[str]
) -> int:
    """How many rows went."""
    named = '"' + column.replace('"', '""') + '"'
    source = "read_parquet(" + _quoted(str(path)) + ", hive_partitioning = false)"
    found = f"coalesce(CAST({named} AS VARCHAR) IN (?{', ?' * (len(values) - 1)}), false)"
    counted = connection.execute(
        f"SELECT count(*), count_if({found}) FROM {source}",  # noqa: S608 - quoted
        values,
    ).fetchone()
    total, gone = counted or (0, 0)
    if not gone:
        return 0
    if gone == total:
        path.unlink()
        return int(gone)
    hidden = path.with_name(f".{path.name}")
    try:
        connection.execute(
            f"COPY (SELECT * FROM {source} WHERE NOT {found}) "  # noqa: S608 - quoted
            f"TO {_quoted(str(hidden))} (FORMAT parquet, COMPRESSION zstd)",
            values,
        )
        sync(hidden)
        hidden.rename(path)
        sync(path.parent)
    except duckdb.Error as error:
        raise OSError(f"{path} cannot be rewritten: {error}") from error
    finally:
        hidden.unlink(missing_ok=True)
    return int(gone)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
