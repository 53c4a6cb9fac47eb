"""How many workers a service may have, and what they may use."""

from typing import Any

import pytest

from modelyard.domain.errors import BadInput
from modelyard.domain.services import Limits, Serving
from modelyard.usecases.limits import (
    Capacity,
    checked_serving,
    of_all_workers,
    without_missing_card,
)
from modelyard.wire.contents import Limits as AskedLimits
from modelyard.wire.contents import ServingOptions
from tests.usecases.yard import Yard

GB = 1_000_000_000


def checked(cores: float = 4, **asked: Any) -> Serving:
    return checked_serving(ServingOptions(**asked), {}, 1000, cores)


@pytest.mark.parametrize(
    ("asked", "cores", "most"),
    [
        ({}, 4, None),
        ({"max_workers": 0}, 4, None),
        ({"max_workers": 6}, 4, 6),
        ({"max_workers": -1}, 4, 4),
        ({"max_workers": -1}, 64, 10),
        ({"max_workers": -1}, 1, None),
        ({"max_workers": -1, "workers": 12}, 64, None),
        ({"max_workers": 3, "workers": 3}, 4, None),
    ],
)
def test_autoscaling_has_a_most_or_is_off(
    asked: dict[str, Any], cores: float, most: int | None
) -> None:
    assert checked(cores, **asked).max_workers == most


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"max_workers": 2, "workers": 3}, "below serving.workers 3"),
        ({"max_workers": 1000}, "max_workers"),
        ({"target_utilization": 1.5}, "target_utilization"),
        ({"refresh": 0.0}, "refresh"),
        ({"idle_timeout": 0.5}, "idle_timeout"),
        ({"cold_start_timeout": -1.0}, "cold_start_timeout"),
        ({"concurrency": 0}, "concurrency"),
    ],
)
def test_what_cannot_be_is_named(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        checked(**asked)


def test_no_idle_timeout_and_zero_are_never() -> None:
    assert checked().idle_timeout is None
    assert checked(idle_timeout=0).idle_timeout is None
    assert checked(idle_timeout=60).idle_timeout == 60


@pytest.mark.parametrize(
    ("serving", "together"),
    [
        (Serving(workers=1), Limits(1.0, 2 * GB, 1)),
        (Serving(workers=3), Limits(3.0, 6 * GB, 1)),
        (Serving(workers=1, max_workers=2), Limits(2.0, 4 * GB, 1)),
        (Serving(workers=9), Limits(4.0, 8 * GB, 1)),
    ],
)
def test_limits_of_each_worker_are_counted_for_all_up_to_the_machine(
    serving: Serving, together: Limits
) -> None:
    assert of_all_workers(Limits(1.0, 2 * GB, 1), serving, Capacity(4, 8 * GB)) == together


def test_limits_of_each_stay_as_they_were_counted_when_something_else_changes(yard: Yard) -> None:
    content = yard.content(
        limits=AskedLimits(cpu=0.5, each=True), serving=ServingOptions(workers=2)
    )

    yard.deploy(content=content)

    assert yard.revisions()[1].content.limits.cpu == 1.0


def test_a_card_of_azures_cluster_that_is_not_there_is_left_out_with_a_note() -> None:
    asked = AskedLimits(cpu=1.0, gpu=1, each=True)

    limits, notes = without_missing_card(asked, Capacity(4, 8 * GB))

    assert (limits.cpu, limits.gpu) == (1.0, None)
    assert "no graphics card" in notes[0]
    assert without_missing_card(asked, Capacity(4, 8 * GB, 1)) == (asked, ())
    assert without_missing_card(AskedLimits(gpu=1), Capacity(4, 8 * GB)) == (
        AskedLimits(gpu=1),
        (),
    )
