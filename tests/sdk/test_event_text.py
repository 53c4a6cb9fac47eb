"""A change of an endpoint, printed."""

from datetime import UTC, datetime
from typing import Any

from modelyard.sdk.events import Event, changed

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def event(**more: Any) -> Event:
    told = {"number": 1, "time": NOW, "who": "ann", "what": "traffic", "service": "churn"}
    return Event(**{**told, **more})


def test_a_change_of_traffic_is_one_line_and_stands_there_once() -> None:
    before = {"shares": {"blue": 100.0}, "given": {}}
    after = {"shares": {"blue": 90.0, "green": 10.0}, "given": {"green": 10.0}}

    told = str(event(before=before, after=after, why="a tenth"))

    assert told.endswith("ann  traffic  shares blue=100 → blue=90 green=10  (a tenth)")
    assert "\n" not in told


def test_what_was_asked_is_told_where_the_shares_stay() -> None:
    assert changed(event(before={"given": {}}, after={"given": {"blue": 100.0}})) == (
        "given blue=100"
    )


def test_a_deletion_tells_no_change() -> None:
    assert changed(event(what="version deleted", before={"enabled": True})) == ""


def test_that_something_is_not_the_same_is_told_where_nothing_else_is() -> None:
    before, after = {"fingerprint": "a1"}, {"fingerprint": "b2"}

    assert changed(event(before=before, after=after)) == "fingerprint a1 → b2"
    assert changed(
        event(before={**before, "models": ["a:1"]}, after={**after, "models": ["a:2"]})
    ) == ("models a:1 → a:2")
