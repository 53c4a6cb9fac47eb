"""What the SDK makes of answers of telemetry."""

import importlib.util
from datetime import UTC, datetime, timedelta, timezone

import pytest

from modelyard.domain.errors import MissingExtra
from modelyard.sdk.telemetry import line_text, told
from modelyard.sdk.telemetry_result import QueryResult
from modelyard.wire import telemetry as wire

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def result() -> QueryResult:
    columns = [("at", "TIMESTAMP"), ("n", "BIGINT"), ("n", "VARCHAR"), ("x", "DOUBLE")]
    return QueryResult(
        wire.QueryResult(
            columns=[wire.Column(name=name, type=kind) for name, kind in columns],
            rows=[["2026-11-22T12:00:00Z", 1, "a", 0.5], [None, 2, None, None]],
            truncated=True,
            limited_by="rows",
        )
    )


def test_rows_are_dicts_with_times_in_utc_and_a_name_for_each_column() -> None:
    found = result()

    assert found.columns == ["at", "n", "n_1", "x"]
    assert found.rows[0] == {"at": NOON, "n": 1, "n_1": "a", "x": 0.5}
    assert found.rows[1] == {"at": None, "n": 2, "n_1": None, "x": None}
    assert (len(found), found.truncated) == (2, True)
    assert repr(found) == "QueryResult(2 rows of at, n, n_1, x, truncated)"


def test_pandas_gets_the_same_rows_and_columns_also_of_nothing() -> None:
    frame = result().to_pandas()
    empty = QueryResult(wire.QueryResult(columns=[wire.Column(name="a", type="BIGINT")], rows=[]))

    assert list(frame.columns) == ["at", "n", "n_1", "x"]
    assert frame["at"][0] == NOON
    assert list(empty.to_pandas().columns) == ["a"]


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is here")
def test_without_pyarrow_the_error_says_what_to_install() -> None:
    with pytest.raises(MissingExtra, match="pip install pyarrow"):
        result().to_arrow()


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("1h", "1h"),
        (90, "90.000000s"),
        (30 * 86400, "2592000.000000s"),
        (timedelta(minutes=1), "60.000000s"),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2025-12-31T22:00:00+00:00"),
    ],
)
def test_moments_are_told_as_the_server_reads_them(moment: object, text: str) -> None:
    said = told(moment)  # type: ignore[arg-type]

    if isinstance(moment, datetime):
        assert datetime.fromisoformat(said) == moment
    else:
        assert said == text


def test_a_line_has_its_time_its_source_and_its_level() -> None:
    line = wire.LogLine(time=NOON, message="hello", level="ERROR", source="worker 1")

    assert line_text(line).endswith("000 worker 1: ERROR hello")
