"""A shadow's report, as it is printed."""

from datetime import UTC, datetime

from modelyard.sdk.shadows import ShadowReport
from modelyard.wire.endpoints import ShadowDifference

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LEVELS = ("p50", "p90", "p95", "p99", "max")


def latencies(first: float) -> dict[str, float]:
    return {name: first * n for n, name in enumerate(LEVELS, start=1)}


def example(id: str, difference: float | None, **more: object) -> ShadowDifference:
    facts = {"served_status": 200, "shadow_status": 200, **more}
    return ShadowDifference(request_id=id, time=NOW, difference=difference, **facts)  # type: ignore[arg-type]


def test_a_report_is_printed_with_all_that_decides() -> None:
    report = ShadowReport(
        version="green",
        since=NOW,
        until=NOW,
        compared=1200,
        equal=1197,
        equal_share=0.9975,
        tolerance=1e-6,
        differences={"p50": 0.0, "p90": 0.0, "p95": 0.0, "p99": 1e-9, "max": 0.25},
        served_latency=latencies(1.0),
        shadow_latency=latencies(2.0),
        served_run=latencies(0.5),
        shadow_errors=1,
        missed=6,
        missed_by={"expired": 5, "too_large": 1},
        worst=[
            example("r-1", None, shadow_status=500, shadow="ValueError"),
            example("r-2", None, path="$.name", served='"a"', shadow='"b"'),
            example("r-3", 0.25, path="$.prices[1]", served="100.0", shadow="75.0"),
        ],
    )

    first, *lines = str(report).splitlines()

    assert first.startswith(
        "Shadow green: 1,197 of 1,200 answers equal (99.75 %, tolerance 1e-06) since 2026-"
    )
    assert lines == [
        "                             p50       p95       p99       max",
        "numbers differ by              0         0     1e-09      0.25",
        "ms, callers                  1.0       3.0       4.0       5.0",
        "ms, shadow                   2.0       6.0       8.0      10.0",
        "run() ms, callers            0.5       1.5       2.0       2.5",
        "run() ms, shadow               -         -         -         -",
        "errors: callers 0, shadow 1",
        "missed: 6 (expired 5, too_large 1)",
        "r-1  status 200 -> 500  ValueError",
        'r-2  $.name  "a" -> "b"',
        "r-3  $.prices[1]  100.0 -> 75.0 (0.25)",
    ]


def test_a_report_of_nothing_says_so() -> None:
    report = ShadowReport(
        version="green", since=NOW, until=NOW, compared=0, equal=0, equal_share=None, tolerance=0.0
    )

    assert str(report).startswith("Shadow green: nothing compared since 2026-")
