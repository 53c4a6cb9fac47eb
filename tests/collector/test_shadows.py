"""What the collector reports of a shadow, from events as fronts write them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from modelyard.collector.making import texts
from modelyard.domain.shadows import COMPARED, MISSED
from modelyard.wire.endpoints import ShadowReport
from tests.collector.test_questions import Desk, desk

PATH = "/services/lab/twice/shadow"


def pair(id: str, difference: float | None, ago: float = 30.0, **more: Any) -> dict[str, Any]:
    """The event of two answers; ``more`` are dimensions, or measurements where a number."""
    dimensions = {"served": "blue", "shadow": "green"}
    dimensions |= {"served_status": "200", "shadow_status": "200"}
    measured = {"served_ms": 10.0, "shadow_ms": 20.0, "served_error": 0.0, "shadow_error": 0.0}
    if difference is not None:
        measured["difference"] = difference
    for name, value in more.items():
        (dimensions if isinstance(value, str) else measured)[name] = value
    return event(COMPARED, ago, dimensions, measured, operation_Id=id)


def lost(reason: str, count: int, **more: str) -> dict[str, Any]:
    dimensions = {"served": "blue", "shadow": "green", "reason": reason, **more}
    return event(MISSED, 30.0, dimensions, {"count": count})


def event(
    name: str, ago: float, dimensions: dict[str, Any], measured: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "ago": ago,
        "name": name,
        "customDimensions": texts(dimensions),
        "customMeasurements": texts(measured),
        **more,
    }


def report(home: Path, *events: dict[str, Any], **query: str) -> ShadowReport:
    found: list[ShadowReport] = []

    async def work(desk: Desk) -> None:
        answer = await desk.ask("GET", PATH, **{"version": "green", **query})
        assert answer.status == 200, answer.body
        assert isinstance(answer.body, bytes)
        found.append(msgspec.json.decode(answer.body, type=ShadowReport))

    desk(home, work, ("customEvents", list(events)))
    return found[0]


EVENTS = [
    *(pair(f"same{n}", 0.0, served_ms=float(n)) for n in range(8)),
    pair("near", 1e-9),
    pair("far", 0.25, path="$.prices[1]", served_value="100.0", shadow_value="75.0"),
    pair("other", None, path="$.name", served_value='"a"', shadow_value='"b"'),
    pair("failed", None, shadow_status="500", shadow_error=1.0, shadow_value="ValueError"),
    lost("expired", 3),
    lost("expired", 2),
    lost("too_large", 1),
]


def test_a_report_tells_what_was_equal_what_was_not_and_what_was_missed(tmp_path: Path) -> None:
    found = report(tmp_path, *EVENTS)

    assert (found.version, found.compared, found.equal) == ("green", 12, 9)
    assert found.equal_share == 0.75
    assert (found.differences["p50"], found.differences["max"]) == (0.0, 0.25)
    assert (found.served_latency["max"], found.shadow_latency["p50"]) == (10.0, 20.0)
    assert (found.served_errors, found.shadow_errors) == (0, 1)
    assert (found.missed, found.missed_by) == (6, {"expired": 5, "too_large": 1})
    assert [one.request_id for one in found.worst][2:] == ["far"]
    worst = {one.request_id: one for one in found.worst}
    assert worst.keys() == {"far", "other", "failed"}
    assert (worst["far"].difference, worst["far"].path) == (0.25, "$.prices[1]")
    assert (worst["far"].served, worst["far"].shadow) == ("100.0", "75.0")
    assert (worst["failed"].shadow_status, worst["failed"].difference) == (500, None)


@pytest.mark.parametrize(("tolerance", "equal"), [("0", 8), ("0.1", 9), ("0.25", 10), ("2", 10)])
def test_a_tolerance_decides_which_numbers_are_equal(
    tmp_path: Path, tolerance: str, equal: int
) -> None:
    assert report(tmp_path, *EVENTS, tolerance=tolerance).equal == equal


def test_only_the_version_service_and_time_that_were_asked_for_count(tmp_path: Path) -> None:
    strangers = [
        pair("old", 0.5, ago=7200.0),
        pair("red", 0.5, shadow="red"),
        {**pair("elsewhere", 0.5), "workspace": "other"},
        {**pair("another", 0.5), "service": "thrice"},
        event("modelyard.other", 30.0, {"shadow": "green"}, {"difference": 0.5}),
        lost("expired", 9, shadow="red"),
    ]

    found = report(tmp_path, *strangers, pair("mine", 0.0), since="1h")

    assert (found.compared, found.equal, found.missed) == (1, 1, 0)


def test_without_any_copy_nothing_is_said_of_it(tmp_path: Path) -> None:
    found = report(tmp_path)

    assert (found.compared, found.equal_share, found.worst) == (0, None, [])
    assert found.differences == found.served_latency == found.missed_by == {}


def test_a_place_that_always_differs_does_not_hide_the_others(tmp_path: Path) -> None:
    often = [pair(f"often{n}", None, path=f"$.rows[{n}].time") for n in range(50)]

    found = report(tmp_path, *often, pair("seldom", 0.1, path="$.price"))

    assert found.compared == 51
    assert [one.request_id for one in found.worst].count("seldom") == 1
    assert len(found.worst) == 4


def test_events_that_are_not_of_a_front_break_nothing(tmp_path: Path) -> None:
    odd = [
        event(COMPARED, 30.0, {"shadow": "green", "path": {"a": 1}}, {"difference": "much"}),
        {"ago": 30.0, "name": MISSED, "customDimensions": texts({"shadow": "green"})},
    ]

    found = report(tmp_path, *odd)

    assert (found.compared, found.equal, found.missed) == (1, 0, 0)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "which version"),
        ({"version": "green", "tolerance": "-1"}, "tolerance"),
        ({"version": "green", "tolerance": "nan"}, "tolerance"),
        ({"version": "green", "since": "yesterday"}, "since"),
    ],
)
def test_questions_that_cannot_be_understood_are_refused(
    tmp_path: Path, query: dict[str, str], said: str
) -> None:
    async def work(desk: Desk) -> None:
        answer = await desk.ask("GET", PATH, **query)
        assert answer.status == 400
        assert said in str(answer.body)

    desk(tmp_path, work)


def test_a_report_is_for_those_who_may_see_the_workspace(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        answer = await desk.ask("GET", PATH, who="other/reader", version="green")
        assert answer.status == 403

    desk(tmp_path, work)
