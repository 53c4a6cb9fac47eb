"""A control plane that dies at any write of a rollout: the next one goes on, never half-way."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from modelyard.domain.rollouts import RolloutState
from modelyard.usecases.traffic_rules import effective
from modelyard.wire.rollouts import Metric, Rollout
from tests.usecases.rollout_world import Killed, Life, Mortal, Truth, World

TICKS = 120


def good() -> World:
    return World(rate=400)


def bad() -> World:
    return World(rate=400, green=Truth(errors=0.3))


def useless() -> World:
    return World(rate=400, blue=Truth(sales=0.3), green=Truth(sales=0.02))


SHORT: dict[str, object] = {"steps": [10, 50, 100], "step_seconds": 2.0}
SALES = Metric(name="sales", kind="rate")

CASES = [
    pytest.param(good, {}, None, "promoted", id="promoted"),
    pytest.param(bad, {}, None, "rolled back", id="rolled back"),
    pytest.param(useless, {"metric": SALES}, None, "kept", id="kept", marks=pytest.mark.slow),
    pytest.param(good, {"promote": "propose"}, "promote", "promoted", id="proposed, promoted"),
    pytest.param(
        good,
        {"promote": "propose"},
        "rollback",
        "rolled back",
        id="proposed, back",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        good,
        {"promote": "propose"},
        "stop",
        "stopped",
        id="proposed, stopped",
        marks=pytest.mark.slow,
    ),
]


def play(world: World, life: Life, decision: str | None) -> list[dict[str, int]]:
    """A rollout under control planes that die, each followed by a new one; splits in force."""

    def control_plane() -> None:
        world.rolling = world.new_rolling(
            Mortal(world.stores.rollouts, life), Mortal(world.stores.services, life)
        )

    control_plane()
    for _ in range(TICKS):
        try:
            world.tick(2.0)
        except Killed:
            control_plane()
        rollout = world.rollout()
        if rollout.ended:
            break
        if rollout.state is RolloutState.PROPOSED and decision and rollout.ending is None:
            getattr(world.people, decision)("ws", "churn", rollout.id, "", "ann")
    world.reconcile()
    return [dict(split) for split in world.splits]


def told(found: Rollout, decision: str | None) -> list[str]:
    """The events of a rollout that has this history, each once."""
    *before, end = [entry.what for entry in found.history]
    events = ["rollout started"]
    for what in before:
        events += ["traffic", "rollout step"] if what == "step" else [f"rollout {what}"]
    events += [f"rollout {decision}"] if decision else []
    return [*events, *(["traffic"] if end != "stopped" else []), f"rollout {end}"]


@pytest.mark.parametrize(("make", "asked", "decision", "end"), CASES)
@pytest.mark.parametrize("late", [False, True], ids=["before the write", "after the write"])
def test_a_control_plane_that_dies_at_any_write_is_followed_by_one_that_goes_on(
    make: Callable[[], World], asked: dict[str, object], decision: str | None, end: str, late: bool
) -> None:
    whole, life = make(), Life()
    whole.start(**SHORT, **asked)
    splits = play(whole, life, decision)
    writes = life.writes
    assert whole.view().state == end
    assert writes >= 7

    for at in range(1, writes + 1):
        world = make()
        world.start(**SHORT, **asked)

        seen = play(world, Life(at, late), decision)

        found = world.view()
        where = f"killed at write {at} of {writes}"
        assert found.state == end, where
        # a death may leave a step some seconds more, in which a breach is found
        assert seen[:-1] == splits[: len(seen) - 1], where
        assert seen[-1] == splits[-1], where
        assert effective(world.service) == effective(whole.service), where
        assert world.events() == told(found, decision), where
        assert world.rollout().ending is None, where
        times = [entry.time for entry in found.history if entry.what == "step"]
        assert all((b - a).total_seconds() >= 2 for a, b in pairwise(times)), where
