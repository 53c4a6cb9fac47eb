"""Rollouts in a simulated world: true rates, a fake clock, everything else as it is."""

import itertools
from dataclasses import replace

import pytest

from modelyard.domain.fronts import FrontState
from modelyard.domain.rollouts import RolloutState
from modelyard.domain.services import RevisionState
from modelyard.domain.traffic import Split
from modelyard.usecases.rollout_rules import AWAY
from modelyard.usecases.traffic_rules import effective, with_split
from modelyard.wire.rollouts import Metric
from tests.usecases.rollout_world import Truth, World

SALES = Metric(name="sales", kind="rate")


def test_a_good_version_gets_all_traffic_in_steps() -> None:
    world = World(rate=400)
    world.latencies = True
    world.start(guardrails=None)

    found = world.run()

    assert found.state == "promoted"
    assert [split.get("green", 0) for split in world.splits] == [0, 50, 250, 500, 1000]
    assert world.service.default_version == "green"
    assert effective(world.service) == {"green": 1000}
    assert [entry.what for entry in found.history] == ["step", "step", "step", "promoted"]
    assert all("error_rate" not in reason or "within" in reason for reason in found.reasons)
    assert found.share == 100
    assert {f.name: f.state for f in found.findings} == {
        "error_rate": "holds",
        "latency_p95": "holds",
        "unavailable_rate": "holds",
    }


def test_every_step_lasts_its_time_and_sees_its_users() -> None:
    world = World(rate=40)
    world.start(step_users=60)

    found = world.run()

    times = [entry.time for entry in found.history]
    assert all((b - a).total_seconds() >= 5 for a, b in itertools.pairwise(times))
    # 2 requests a second at 5 %: the 60th comes in the 30th second
    assert (times[1] - times[0]).total_seconds() >= 30


def test_a_version_that_fails_is_rolled_back_at_once_and_it_says_why() -> None:
    world = World(green=Truth(errors=0.3))
    world.start()

    found = world.run()

    assert found.state == "rolled back"
    assert effective(world.service) == {"blue": 1000}
    assert found.decision == "breach"
    assert "error_rate: +" in found.reasons[0]
    assert "worse by more than 1 points" in found.reasons[0]
    assert max(split.get("green", 0) for split in world.splits) <= 250
    assert next(f for f in found.findings if f.name == "error_rate").state == "breached"
    assert found.share == 0


@pytest.mark.parametrize(
    ("truth", "named"),
    [
        pytest.param(Truth(unavailable=0.2), "unavailable_rate", id="too busy"),
        pytest.param(Truth(latency=60), "latency_p95", id="slow"),
    ],
)
def test_whatever_guardrail_is_breached_is_named(truth: Truth, named: str) -> None:
    world = World(green=truth)
    world.latencies = True
    world.start(guardrails=None)

    found = world.run()

    assert found.state == "rolled back"
    assert found.reasons[0].startswith(named)


def test_after_it_went_back_the_service_can_go_back_to_what_was_before_it() -> None:
    world = World(green=Truth(errors=0.3))
    earlier = Split({"green": 70}, "blue")
    world.stores.services.change(
        "s1", lambda found: replace(found, traffic=replace(found.traffic, previous=earlier))
    )
    world.start()

    world.run()

    assert world.service.traffic.previous == earlier


def test_after_a_promotion_the_service_can_go_back_to_the_split_before_the_rollout() -> None:
    world = World(rate=400)
    world.start(guardrails=None, promote="automatic")

    world.run()

    assert world.service.traffic.previous == Split({}, "blue")


def test_a_better_version_is_promoted_for_its_metric() -> None:
    world = World(rate=400, green=Truth(sales=0.10))
    world.start(metric=SALES)

    found = world.run()

    assert found.state == "promoted"
    assert found.reasons[0].startswith("sales: +")
    assert found.findings[0].state == "better"


def test_a_version_that_is_as_good_is_not_promoted_for_a_metric_and_goes_back_in_time() -> None:
    world = World(rate=100)
    world.start(metric=SALES, max_seconds=120)

    found = world.run()

    assert found.state == "kept"
    assert "time is up" in found.reasons[0]
    assert any("not proven better" in reason for reason in found.reasons)
    assert effective(world.service) == {"blue": 1000}


def test_a_version_that_is_worse_is_not_kept_on_trial() -> None:
    world = World(rate=400, green=Truth(sales=0.01), blue=Truth(sales=0.10))
    world.start(metric=SALES)

    found = world.run()

    assert found.state == "kept"
    assert found.reasons[0].startswith("sales: -")
    assert effective(world.service) == {"blue": 1000}


def test_no_step_comes_while_a_guardrail_looks_worse_than_its_margin() -> None:
    world = World(rate=200, green=Truth(errors=0.1))
    world.start(step_users=20, alpha=1e-9)
    said = set()
    while world.view().state == "running":
        world.tick()
        said.add(world.view().waiting_for)

    assert world.view().state == "rolled back"
    assert max(split.get("green", 0) for split in world.splits) == 50
    assert "error_rate looks worse than its margin allows" in said


def test_unless_asked_it_proposes_and_a_person_promotes() -> None:
    world = World()
    world.start(promote="propose")

    found = world.run()
    assert (found.state, found.share) == ("proposed", 50)
    assert found.waiting_for.startswith("a person")
    for _ in range(5):
        world.tick()
    assert world.view().state == "proposed"

    world.people.promote("ws", "churn", found.id, "looks fine", "ann")
    world.tick()

    found = world.view()
    assert found.state == "promoted"
    assert found.reasons == ["ann decided so: looks fine"]
    assert effective(world.service) == {"green": 1000}


def test_a_breach_while_a_person_thinks_rolls_back_too() -> None:
    world = World()
    world.start(promote="propose")
    assert world.run().state == "proposed"

    world.truths["green"] = Truth(errors=0.5)
    for _ in range(30):
        world.tick()

    assert world.view().state == "rolled back"


def test_a_person_stops_it_and_traffic_stays() -> None:
    world = World()
    started = world.start()
    for _ in range(9):
        world.tick()
    share = world.view().share
    assert share > 0

    world.people.stop("ws", "churn", started.id, who="ann")
    world.tick()

    found = world.view()
    assert (found.state, found.share) == ("stopped", share)
    assert effective(world.service)["green"] == share * 10


def test_a_person_rolls_it_back_also_before_it_has_begun() -> None:
    world = World()
    started = world.start()

    world.people.rollback("ws", "churn", started.id, who="ann")
    world.tick()

    assert world.view().state == "rolled back"
    assert world.splits == [{"blue": 1000}]


def test_nothing_is_decided_while_telemetry_is_silent_and_it_says_so() -> None:
    world = World()
    world.start()
    world.tick()
    world.tick()
    world.silent = "The collector cannot be asked: gone."

    for _ in range(60):
        world.tick()

    found = world.view()
    assert (found.state, found.share, found.step) == ("running", 5, 0)
    assert "collector" in found.reasons[0]
    assert "Nothing is decided" in found.reasons[0]

    world.silent = ""
    assert world.run().state == "promoted"


def test_users_that_are_not_split_as_asked_stop_every_conclusion() -> None:
    world = World()
    world.skew = {"green": 0.5}
    world.start()

    found = world.run(120)

    assert found.state == "running"
    assert "not split as asked" in found.reasons[0]
    assert found.share < 100


def test_a_version_without_workers_is_rolled_back() -> None:
    world = World()
    world.start()
    world.tick()
    world.tick()
    world.silent = "away"
    world.front("green", FrontState.UNHEALTHY)

    for _ in range(int(AWAY) + 3):
        world.tick()

    found = world.view()
    assert found.state == "rolled back"
    assert "No worker of version 'green'" in found.reasons[0]


def test_a_short_crash_is_no_reason() -> None:
    world = World()
    world.start()
    world.tick()
    world.front("green", FrontState.UNHEALTHY)
    for _ in range(3):
        world.tick()
    world.front("green", FrontState.READY)

    assert world.run().state == "promoted"


def test_it_begins_when_the_candidate_is_ready() -> None:
    world = World()
    late = world.version("late", RevisionState.STARTING)
    world.truths["late"] = Truth()
    world.start(candidate="late")
    for _ in range(5):
        world.tick()
    assert world.splits == [{"blue": 1000}]
    assert "not ready" in world.view().reasons[0]

    world.stores.services.update_revision(replace(late, state=RevisionState.READY))
    world.stores.services.set_live("s1", "late", late.number)

    assert world.run().state == "promoted"


def test_a_candidate_that_never_comes_up_ends_it_with_its_error() -> None:
    world = World()
    late = world.version("late", RevisionState.STARTING)
    world.start(candidate="late")
    world.tick()

    failed = replace(late, state=RevisionState.FAILED, error={"message": "no module named x"})
    world.stores.services.update_revision(failed)
    world.tick()

    found = world.view()
    assert found.state == "rolled back"
    assert "no module named x" in found.reasons[0]


def test_another_content_of_the_candidate_ends_it() -> None:
    world = World()
    world.start()
    for _ in range(4):
        world.tick()

    world.version("green", script="other.py")
    world.tick()

    found = world.view()
    assert found.state == "rolled back"
    assert "another content" in found.reasons[0]


def test_the_same_content_started_anew_changes_nothing() -> None:
    world = World()
    world.start()
    for _ in range(4):
        world.tick()

    world.version("green")

    assert world.run().state == "promoted"


def test_traffic_that_somebody_else_changed_ends_it_and_stays() -> None:
    world = World()
    world.start()
    for _ in range(4):
        world.tick()

    world.stores.services.change("s1", lambda s: with_split(s, Split({"green": 333}, "blue")))
    world.tick()

    found = world.view()
    assert found.state == "stopped"
    assert "changed by somebody else: it is blue 66.7 %, green 33.3 %" in found.reasons[0]
    assert effective(world.service)["green"] == 333


def test_stickiness_that_changed_in_the_moment_it_began_ends_it() -> None:
    world = World()
    world.start()

    world.stores.services.change(
        "s1", lambda s: replace(s, traffic=replace(s.traffic, sticky="cookie"))
    )
    world.tick()

    found = world.view()
    assert found.state == "stopped"
    assert "How users stay with a version" in found.reasons[0]


def test_a_step_does_not_count_before_the_gateway_does_what_is_stored() -> None:
    world = World()
    world.start()
    world.tell = False
    for _ in range(5):
        world.tick()
    rollout = world.rollout()
    assert (rollout.step, rollout.since) == (0, None)

    world.tell = True
    world.tick()

    assert world.rollout().since == world.clock.now()


def test_it_has_ended_when_the_gateway_does_so() -> None:
    world = World(green=Truth(errors=0.5))
    world.start()
    world.tick()
    while not world.rollout().verdict or world.rollout().verdict["decision"] != "breach":
        world.tell = world.rollout().step < 0 or world.rollout().since is None
        world.tick()
    assert (world.view().state, world.view().waiting_for) == ("running", "being rolled back")
    assert effective(world.service) == {"blue": 1000}

    world.tell = True
    world.tick()

    assert world.view().state == "rolled back"
    assert world.splits[-1] == {"blue": 1000}


def test_a_stopped_service_waits() -> None:
    world = World()
    world.start()
    world.tick()
    world.stores.services.change("s1", lambda s: replace(s, enabled=False))
    for _ in range(20):
        world.tick()
    assert "stopped" in world.view().reasons[0]

    world.stores.services.change("s1", lambda s: replace(s, enabled=True))

    assert world.run().state == "promoted"


def test_a_service_that_is_deleted_ends_it() -> None:
    world = World()
    world.start()
    world.tick()

    world.stores.services.change("s1", lambda s: replace(s, deleting=True))
    world.tick()

    assert world.rollout().state is RolloutState.STOPPED


def test_others_keep_their_part_until_the_promotion() -> None:
    world = World(grey=Truth())
    world.stores.services.change("s1", lambda s: with_split(s, Split({"grey": 200}, "blue")))
    world.start(steps=[10, 50])

    found = world.run()

    assert found.state == "promoted"
    assert world.splits[1:] == [
        {"blue": 800, "grey": 200},
        {"blue": 720, "green": 100, "grey": 180},
        {"blue": 400, "green": 500, "grey": 100},
        {"green": 1000},
    ]


def test_of_a_sticky_service_users_are_counted_and_each_step_is_a_test_of_its_own() -> None:
    world = World(rate=600)
    world.stores.services.change(
        "s1", lambda s: replace(s, traffic=replace(s.traffic, sticky="header:x-user"))
    )
    started = world.start()

    assert started.unit == "user"
    found = world.run()

    assert found.state == "promoted"
    # those of the last step alone
    assert sum(found.units) < 600 * 20


def test_what_happened_is_told_by_events() -> None:
    world = World()
    world.start()
    world.run()

    assert world.events() == [
        "rollout started",
        "traffic",
        "rollout step",
        "traffic",
        "rollout step",
        "traffic",
        "rollout step",
        "traffic",
        "rollout promoted",
    ]


def test_a_clock_that_is_set_back_blinds_no_guardrail() -> None:
    world = World(green=Truth(errors=0.3))
    world.start(step_users=100_000)
    for _ in range(3):
        world.tick()

    world.clock.set_back(3600)

    assert world.run(60).state == "rolled back"
    assert effective(world.service) == {"blue": 1000}
