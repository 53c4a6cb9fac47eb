"""From records to rows."""

from typing import Any

import pytest

from modelyard.telemetry.records import About, Event, Failure, Log, Metric, Record, Request
from modelyard.telemetry.rows import Rows, problem_id, severity
from modelyard.telemetry.tables import TABLES

FRONT = About("front", "w-prices-1-r2", "w", "prices", "1", 2, 77)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _row(record: Record, about: About = FRONT) -> tuple[str, dict[str, Any]]:
    table, row = Rows(about).of(record)
    return table, dict(zip(TABLES[table].names, row, strict=True))


def test_a_request_fills_its_row() -> None:
    record = Request(
        5.0,
        "id-1",
        "POST",
        "/score",
        200,
        "",
        12.5,
        1.5,
        9.0,
        3,
        100,
        20,
        "10.0.0.7",
        17,
        worker=2,
        user="0123456789abcdef",
    )

    table, row = _row(record)

    assert table == "requests"
    assert row == {
        "timestamp": 5.0,
        "id": "id-1",
        "name": "POST /score",
        "resultCode": "200",
        "success": True,
        "duration": 12.5,
        "errorCode": None,
        "gatewayMs": None,
        "queueMs": 1.5,
        "runMs": 9.0,
        "batchSize": 3,
        "requestBytes": 100,
        "responseBytes": 20,
        "userBucket": 17,
        "user_Id": "0123456789abcdef",
        "chosen": False,
        "client_IP": "10.0.0.7",
        "source": "front",
        "worker": 2,
        "operation_Id": "id-1",
        "operation_ParentId": None,
        "cloud_RoleName": "w/prices",
        "cloud_RoleInstance": "w-prices-1-r2",
        "application_Version": "1",
        "workspace": "w",
        "service": "prices",
        "revision": 2,
        "customDimensions": None,
        "itemCount": 1,
    }


def test_the_copy_of_a_request_is_marked_in_its_row() -> None:
    record = Request(5.0, "id-1", "POST", "/score", 200, chosen=True, shadow=True)

    _, row = _row(record)

    assert (row["source"], row["chosen"]) == ("shadow", True)


@pytest.mark.parametrize(
    ("status", "failed", "success"),
    [(200, False, True), (399, False, True), (400, False, False), (200, True, False)],
)
def test_a_request_succeeds_below_400_unless_run_was_found_to_fail(
    status: int, failed: bool, success: bool
) -> None:
    _, row = _row(Request(5.0, "a", "GET", "/score", status, failed=failed))

    assert row["success"] is success
    assert (row["queueMs"], row["runMs"], row["userBucket"]) == (None, None, None)


def test_what_belongs_to_a_trace_says_so_and_keeps_its_request() -> None:
    _, request = _row(Request(5.0, "a", "POST", "/score", 200, trace=TRACE))
    _, log = _row(Log(5.0, "worker 1", "hello", request="a", trace=TRACE))
    _, failure = _row(Failure(5.0, "KeyError", "'x'", request="a", trace=TRACE))

    for row in (request, log, failure):
        assert row["operation_Id"] == "0af7651916cd43dd8448eb211c80319c"
        assert row["operation_ParentId"] == "b7ad6b7169203331"
    assert log["customDimensions"] == failure["customDimensions"] == '{"request_id":"a"}'


@pytest.mark.parametrize(
    "trace",
    ["nonsense", "ff" + TRACE[2:], TRACE.upper(), TRACE.replace("b7ad6b7169203331", "0" * 16)],
)
def test_what_is_no_traceparent_changes_nothing(trace: str) -> None:
    _, row = _row(Request(5.0, "a", "POST", "/score", 200, trace=trace))

    assert (row["operation_Id"], row["operation_ParentId"]) == ("a", None)


def test_a_line_of_a_worker_has_its_level_stream_and_request() -> None:
    table, row = _row(Log(6.0, "worker 1", "hello", "WARNING", "id-1", "stderr"))

    assert table == "traces"
    assert (row["message"], row["severityLevel"], row["stream"]) == ("hello", 2, "stderr")
    assert (row["operation_Id"], row["source"]) == ("id-1", "worker 1")


def test_a_line_of_the_control_plane_has_no_service() -> None:
    _, row = _row(Log(6.0, "control", "leading"), About("control", "host-1"))

    assert (row["cloud_RoleName"], row["cloud_RoleInstance"]) == ("control", "host-1")
    assert (row["service"], row["workspace"], row["operation_Id"]) == (None, None, None)
    assert row["severityLevel"] is None


@pytest.mark.parametrize(
    ("level", "number"),
    [
        ("DEBUG", 0),
        ("INFO", 1),
        ("warning", 2),
        ("WARN", 2),
        ("ERROR", 3),
        ("CRITICAL", 4),
        ("Level 25", 1),
        ("Level 5", 0),
        ("Level 9000", 4),
        ("LOUD", None),
        ("", None),
    ],
)
def test_levels_have_numbers(level: str, number: int | None) -> None:
    assert severity(level) == number


def test_an_exception_is_grouped_by_its_place_not_by_its_line_or_words() -> None:
    table, row = _row(Failure(7.0, "KeyError", "'rooms'", "score.py", 12, "run", "Traceback …"))
    _, other = _row(Failure(8.0, "KeyError", "'size'", "score.py", 14, "run"))

    assert table == "exceptions"
    assert row["problemId"] == other["problemId"] == "KeyError at score.py, run"
    assert (row["line"], row["method"], row["details"]) == (12, "run", "Traceback …")
    assert problem_id("MemoryError", "", "") == "MemoryError"


def test_measurements_become_a_mean_and_what_is_no_number_nothing() -> None:
    table, row = _row(Metric(9.0, "gpu", 30.0, 3, 5.0, 15.0, {"card": "0"}, "a"))
    _, bad = _row(Metric(9.0, "gpu", float("nan")))

    assert table == "customMetrics"
    assert (row["value"], row["valueSum"], row["valueCount"]) == (10.0, 30.0, 3)
    assert (row["valueMin"], row["valueMax"]) == (5.0, 15.0)
    assert (row["customDimensions"], row["operation_Id"]) == ('{"card":"0"}', "a")
    assert [bad["value"], bad["valueSum"], bad["valueMin"]] == [None] * 3


def test_an_event_keeps_its_texts_and_numbers() -> None:
    table, row = _row(Event(9.0, "retrained", {"by": "me"}, {"rows": 5.0}))

    assert table == "customEvents"
    assert (row["customDimensions"], row["customMeasurements"]) == ('{"by":"me"}', '{"rows":5.0}')
