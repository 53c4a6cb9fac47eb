"""Telling what became of requests: what is sent, in how many calls, and again after a failure."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from modelyard.domain.errors import BadInput, Unavailable
from modelyard.sdk import feedback as module
from modelyard.sdk.feedback import AT_ONCE, again, outcome, send_all
from modelyard.wire.rollouts import Feedback, FeedbackResult, Outcome

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (("a", "sales", True), Outcome(request_id="a", metric="sales", value=True)),
        (["a", "m", 2], Outcome(request_id="a", metric="m", value=2.0)),
        (("a", "m", Decimal("1.5")), Outcome(request_id="a", metric="m", value=1.5)),
        (("a", "m", 1, NOW), Outcome(request_id="a", metric="m", value=1.0, time=NOW)),
        (
            {"request_id": "a", "metric": "m", "value": False},
            Outcome(request_id="a", metric="m", value=False),
        ),
        (
            Outcome(request_id="a", metric="m", value=1.0),
            Outcome(request_id="a", metric="m", value=1.0),
        ),
    ],
)
def test_an_item_is_a_tuple_a_dict_or_an_outcome(item: Any, expected: Outcome) -> None:
    assert outcome(item, 0) == expected


def test_a_time_without_a_zone_is_this_machines() -> None:
    local = datetime(2026, 7, 1, 12)  # noqa: DTZ001 - that is what is tried

    found = outcome(("a", "m", 1, local), 0).time

    assert found is not None
    assert found == local.astimezone()
    assert isinstance(found.utcoffset(), timedelta)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (("a", "m"), "items[7] must be (request_id, metric, value)"),
        ("a,m,1", "items[7] must be"),
        (5, "items[7] must be"),
        (("a", "m", "1"), "items[7]: value='1'"),
        (("a", "m", float("nan")), "items[7]: value=nan"),
        (("a", "m", None), "items[7]: value=None"),
        (({"x": 1}, "m", 1), "items[7]: Expected `str`"),
        ({"request_id": "a", "metric": "m", "value": 1, "tme": 1}, "items[7]"),
        ({"request_id": "a", "value": 1}, "items[7]"),
    ],
)
def test_what_is_none_is_named_by_its_index(item: Any, said: str) -> None:
    with pytest.raises(BadInput) as raised:
        outcome(item, 7)

    assert said in raised.value.message


def test_many_go_in_several_calls_whose_answers_are_added_up() -> None:
    sizes = []

    def send(some: Feedback) -> FeedbackResult:
        sizes.append(len(some.outcomes))
        ids = [f"u{len(sizes)}-{n}" for n in range(60)]
        return FeedbackResult(accepted=5, repeated=1, conflicting=2, unknown=60, unknown_ids=ids)

    items = (Outcome(request_id="a", metric="m", value=1.0) for _ in range(2 * AT_ONCE + 1))

    found = send_all(send, items)

    assert sizes == [AT_ONCE, AT_ONCE, 1]
    assert (found.accepted, found.repeated, found.conflicting, found.unknown) == (15, 3, 6, 180)
    assert len(found.unknown_ids) == module.LISTED


def test_nothing_to_tell_is_no_call() -> None:
    assert send_all(pytest.fail, []) == FeedbackResult(accepted=0)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSES", (0.0, 0.0))


def answers(*found: int | str) -> Callable[[], Any]:
    """A status, or a code of 503, or an error with that message, one after the other."""
    rest = iter(found)

    def ask() -> Any:
        what = next(rest)
        if what == "down":
            raise Unavailable("down")
        code = what if isinstance(what, str) else ""
        data = json.dumps({"code": code}, separators=(",", ":")).encode()
        return SimpleNamespace(status=503 if code else what, data=data, headers={})

    return ask


@pytest.mark.usefixtures("hurried")
def test_while_nobody_answers_it_is_sent_again() -> None:
    assert again(answers("down", 502, 200)).status == 200
    assert again(answers(503, 503, 503)).status == 503
    with pytest.raises(Unavailable):
        again(answers("down", "down", "down"))


@pytest.mark.usefixtures("hurried")
def test_what_is_refused_is_not_sent_again() -> None:
    assert again(answers(400, 200)).status == 400
    assert again(answers("not_ready", 200)).status == 503
