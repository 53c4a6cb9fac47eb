"""Queries that were written for Application Insights, against an engine with a few rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import msgspec
import pytest

from modelyard.collector.query.engine import answer, open_engine
from modelyard.collector.query.messages import Ask, Done, Piece
from modelyard.domain.errors import BadInput
from modelyard.telemetry.tables import TABLES

ROWS = {
    "requests": [
        {"id": f"r{n}", "operation_Id": f"r{n}", "name": "POST /score", "duration": 10.0 * n}
        for n in range(1, 11)
    ],
    "exceptions": [
        {"operation_Id": "r3", "type": "ValueError", "message": "no 3 here"},
        {"operation_Id": "r-gone", "type": "KeyError", "message": "gone"},
    ],
}


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_engine([], 200 * 1024**2, 1)
    yield connection
    connection.close()


def select(table: str) -> str:
    columns = TABLES[table].columns

    def row(values: Mapping[str, Any]) -> str:
        given = {"timestamp": "2026-11-22 12:00:00", **values}
        return ", ".join(
            f"{given[c.name]!r}::{c.type}" if c.name in given else f"NULL::{c.type}"
            for c in columns
        )

    names = ", ".join(f'"{c.name}"' for c in columns)
    rows = ", ".join(f"({row(values)})" for values in ROWS.get(table, [{}]))
    return f"SELECT * FROM (VALUES {rows}) t({names})"


def fetch(tables: Sequence[str]) -> Mapping[str, str]:
    return {table: select(table) for table in tables}


def ask(engine: duckdb.DuckDBPyConnection, text: str, **more: Any) -> list[dict[str, Any]]:
    asked = msgspec.structs.replace(Ask(text, seconds=10, rows=100, size=1 << 20), **more)
    *pieces, done = answer(engine, asked, fetch)
    assert isinstance(done, Done)
    data = b",".join(piece.data for piece in pieces if isinstance(piece, Piece))
    names = [column.name for column in done.columns]
    return [dict(zip(names, row, strict=True)) for row in msgspec.json.decode(b"[" + data + b"]")]


def test_percentiles_give_a_column_each(engine: duckdb.DuckDBPyConnection) -> None:
    found = ask(engine, "requests | summarize percentiles(duration, 50, 95, 99)")

    assert found == [
        {"percentile_duration_50": 50.0, "percentile_duration_95": 100.0,
         "percentile_duration_99": 100.0}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            "requests | summarize n=count() by operation_Name",
            [{"operation_Name": "POST /score", "n": 10}],
        ),
        (
            "SELECT operation_name, count(*) AS n FROM requests GROUP BY ALL",
            [{"operation_Name": "POST /score", "n": 10}],
        ),
        (
            "requests | extend slow = duration > 50 | where operation_Name has 'score' and slow "
            "| summarize n=count() by performanceBucket, client_City",
            [{"performanceBucket": "<250ms", "client_City": "", "n": 5}],
        ),
        (
            "exceptions | summarize n=count() by operation_Name, outerType | order by outerType",
            [
                {"operation_Name": "POST /score", "outerType": "ValueError", "n": 1},
                {"operation_Name": None, "outerType": "KeyError", "n": 1},
            ],
        ),
        (
            "union requests, exceptions | summarize n=count() by itemType | order by itemType asc",
            [{"itemType": "exception", "n": 2}, {"itemType": "request", "n": 10}],
        ),
        (
            "exceptions | where isempty(user_Id) and operation_SyntheticSource == '' | count",
            [{"Count": 2}],
        ),
    ],
)
def test_columns_of_application_insights_are_found_where_they_are_asked_for(
    engine: duckdb.DuckDBPyConnection, text: str, rows: list[dict[str, Any]]
) -> None:
    assert ask(engine, text) == rows


def test_what_is_not_asked_for_is_not_shown(engine: duckdb.DuckDBPyConnection) -> None:
    ask(engine, "SELECT operation_Name FROM requests")

    (found, *_) = ask(engine, "SELECT * FROM requests")

    assert tuple(found) == TABLES["requests"].names


def test_a_name_that_sql_gives_itself_hides_nothing(engine: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        engine, "SELECT upper(name) AS operation_Name, count(*) n FROM requests "
        "GROUP BY operation_Name",
    )  # fmt: skip

    assert found == [{"operation_Name": "POST /SCORE", "n": 10}]


def test_rows_of_other_workspaces_do_not_come_in_by_their_name(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    found = ask(engine, "exceptions | project operation_Name", workspace="mine")

    assert found == []


@pytest.mark.parametrize(
    "text",
    ["SELECT * FROM requests WHERE duration > $ms", "requests | where duration > 5 | count",
     "SELECT id FROM slowRequests WHERE id = ?"],
)  # fmt: skip
def test_a_good_query_is_checked_without_being_run(
    engine: duckdb.DuckDBPyConnection, text: str
) -> None:
    assert ask(engine, text, check=True) == []


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("SELECT duraton FROM requests", duckdb.BinderException, "duraton"),
        ("requests | where duraton > 1", BadInput, "'duraton'"),
        ("SELECT * FROM read_csv('x')", BadInput, "read_csv"),
        ("SELECT no_such(1)", BadInput, "no_such"),
        ("SELECT FORM requests WHERE", BadInput, "cannot be read"),
    ],
)
def test_a_bad_one_is_refused_and_said_without_our_own_words(
    engine: duckdb.DuckDBPyConnection, text: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said) as refused:
        ask(engine, text, check=True)

    assert "PREPARE" not in str(refused.value)
