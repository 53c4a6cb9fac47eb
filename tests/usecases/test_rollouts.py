"""What people may ask of rollouts, and what is refused."""

from dataclasses import replace

import pytest

from modelyard.domain.errors import BadInput, Conflict, ModelyardError, NotFound
from modelyard.domain.services import RevisionState
from modelyard.domain.traffic import Split
from modelyard.usecases.rollout_guard import (
    check_traffic_free,
    check_version_free,
    check_version_stays,
)
from modelyard.usecases.traffic_rules import effective, with_split
from modelyard.wire.rollouts import Metric, RolloutRequest
from tests.usecases.rollout_world import World


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        pytest.param({"candidate": "gren"}, NotFound, "no version 'gren'.*'green'", id="unknown"),
        pytest.param({"control": "red"}, NotFound, "no version 'red'", id="unknown control"),
        pytest.param({"candidate": "blue"}, BadInput, "with itself", id="itself"),
        pytest.param({"steps": []}, BadInput, "1 to 50 shares", id="no steps"),
        pytest.param({"steps": [100]}, BadInput, "one under 100 %", id="nothing to compare"),
        pytest.param({"steps": [10, 10]}, BadInput, "10 comes after 10", id="not growing"),
        pytest.param({"steps": [10, 5]}, BadInput, "5 comes after 10", id="falling"),
        pytest.param({"steps": [50, 101]}, BadInput, "101 .* from 0 to 100", id="over 100"),
        pytest.param({"steps": [0, 50]}, BadInput, "0.1 % at least", id="zero"),
        pytest.param({"steps": [0.05]}, BadInput, "in steps of 0.1", id="too fine"),
        pytest.param({"steps": [-1]}, BadInput, "from 0 to 100", id="negative"),
        pytest.param({"step_seconds": -1.0}, BadInput, "step_seconds must be 0", id="seconds"),
        pytest.param(
            {"step_seconds": float("nan")}, BadInput, "step_seconds must be", id="no number"
        ),
        pytest.param({"step_users": 0}, BadInput, "step_users must be 1", id="users"),
        pytest.param({"max_seconds": 1.0}, BadInput, "max_seconds must be 5", id="too short"),
        pytest.param({"promote": "now"}, BadInput, "'propose' or 'automatic'", id="promote"),
        pytest.param({"alpha": 0.0}, BadInput, "alpha must be between", id="alpha 0"),
        pytest.param({"alpha": 0.6}, BadInput, "alpha must be between", id="alpha too large"),
        pytest.param({"guardrails": []}, BadInput, "key metric or a guardrail", id="no metric"),
        pytest.param(
            {"metric": Metric(name="sales", kind="median")}, BadInput, "kind of metric 'sales'",
            id="kind",
        ),
        pytest.param(
            {"metric": Metric(name="sales", source="mail")}, BadInput, "source of metric 'sales'",
            id="source",
        ),
        pytest.param(
            {"metric": Metric(name="sales", better="more")}, BadInput, "better of metric 'sales'",
            id="better",
        ),
        pytest.param({"metric": Metric(name="")}, BadInput, "must not be empty", id="no name"),
        pytest.param(
            {"guardrails": [Metric(name="error_rate", kind="mean")]}, BadInput,
            "kind of metric 'error_rate' must be 'rate'", id="kind of a known one",
        ),
        pytest.param(
            {"guardrails": [Metric(name="latency", margin=50)]}, BadInput, "relative=False",
            id="milliseconds taken for a share",
        ),
        pytest.param(
            {"guardrails": [Metric(name="latency", quantile=1.5)]}, BadInput, "quantile",
            id="quantile",
        ),
        pytest.param(
            {"guardrails": [Metric(name="error_rate", margin=-0.1)]}, BadInput, "margin",
            id="margin",
        ),
        pytest.param(
            {"guardrails": [Metric(name="error_rate", margin=0)]}, BadInput, "margin above 0",
            id="what cannot be proven",
        ),
        pytest.param(
            {"guardrails": [Metric(name="error_rate")] * 2}, BadInput, "is there twice",
            id="twice",
        ),
        pytest.param(
            {"guardrails": [Metric(name="x", kind="bounded", low=1, high=1)]}, BadInput,
            "low of metric 'x'", id="bounds",
        ),
        pytest.param(
            {"guardrails": [Metric(name="x", kind="bounded", low=-1e308, high=1e308)]}, BadInput,
            "low and high of metric 'x' are too far apart", id="bounds that overflow",
        ),
        pytest.param(
            {"guardrails": [Metric(name=f"m{n}") for n in range(51)]}, BadInput,
            "51 guardrails are too many; 50", id="too many guardrails",
        ),
        *(
            pytest.param(
                {"metric": Metric(name=name)}, BadInput, "No feedback can be told under the name",
                id=f"name {name[:6]!r} that feedback refuses",
            )
            for name in (" sales", "sales ", "a\nb", "s" * 101)
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_rolled_out_is_refused_by_name(
    asked: dict[str, object], error: type[ModelyardError], said: str
) -> None:
    world = World()

    with pytest.raises(error, match=said):
        world.start(**asked)

    assert world.stores.rollouts.list("s1") == []


def test_two_rollouts_at_once_are_refused() -> None:
    world = World(red=World().truths["blue"])
    first = world.start()

    with pytest.raises(Conflict, match=f"rollout {first.id} of version 'green'.*under way"):
        world.start(candidate="red")

    world.people.stop("ws", "churn", first.id)
    world.tick()
    world.start(candidate="red")
    assert [one.candidate for one in world.people.list("ws", "churn")] == ["red", "green"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"enabled": False}, "is stopped", id="stopped"),
        pytest.param({"deleting": True}, "is being deleted", id="deleting"),
    ],
)
def test_a_service_that_does_not_serve_has_no_rollout(changes: dict[str, bool], said: str) -> None:
    world = World()
    world.stores.services.change("s1", lambda s: replace(s, **changes))

    with pytest.raises(Conflict, match=said):
        world.start()


def test_a_closed_service_has_no_rollout() -> None:
    world = World()
    world.stores.services.change("s1", lambda s: with_split(s, Split({}, "blue", closed=True)))

    with pytest.raises(Conflict, match="is closed"):
        world.start()


def test_a_control_without_traffic_compares_with_nothing() -> None:
    world = World(red=World().truths["blue"])

    with pytest.raises(Conflict, match="'red' has no traffic"):
        world.start(control="red")


def test_a_candidate_with_more_than_the_first_step_is_not_taken_back() -> None:
    world = World()
    world.stores.services.change("s1", lambda s: with_split(s, Split({"green": 200}, "blue")))

    with pytest.raises(Conflict, match="has 20 % of the traffic already, the first step is 5 %"):
        world.start()

    assert world.start(steps=[20, 50]).share == 20


def test_a_failed_candidate_is_refused_with_its_error() -> None:
    world = World()
    failed = world.version("broken", RevisionState.FAILED)
    error = {"message": "no module named x"}
    world.stores.services.update_revision(replace(failed, error=error))

    with pytest.raises(Conflict, match="no module named x"):
        world.start(candidate="broken")


def test_a_blue_green_switch_under_way_comes_first() -> None:
    world = World()
    world.stores.services.change_version("s1", "green", lambda v: replace(v, switch=1))

    with pytest.raises(Conflict, match="blue-green"):
        world.start()


def test_defaults_are_filled_in_and_shown() -> None:
    world = World()

    found = world.people.start("ws", "churn", RolloutRequest(candidate="green"))

    assert found.steps == [1, 5, 25, 50, 100]
    assert (found.control, found.state, found.step, found.share) == ("blue", "running", -1, 0)
    told = {g["name"]: (g["margin"], g["relative"]) for g in found.plan["guardrails"]}
    assert told == {
        "error_rate": (0.01, False),
        "latency_p95": (0.25, True),
        "unavailable_rate": (0.01, False),
    }
    assert "1 % of the traffic to be moved" in found.waiting_for


def test_two_quantiles_of_the_latency_are_two_guardrails() -> None:
    world = World()
    both = [Metric(name="latency"), Metric(name="latency", quantile=0.99, margin=0.5)]

    found = world.start(guardrails=both)

    assert [g["name"] for g in found.plan["guardrails"]] == ["latency_p95", "latency_p99"]


def test_an_ended_rollout_is_decided_no_more() -> None:
    world = World()
    started = world.start()
    world.people.rollback("ws", "churn", started.id)
    with pytest.raises(Conflict, match="is decided already"):
        world.people.promote("ws", "churn", started.id)
    world.tick()

    for decide in (world.people.stop, world.people.promote, world.people.rollback):
        with pytest.raises(Conflict, match="has ended: it was rolled back"):
            decide("ws", "churn", started.id)


def test_a_candidate_that_is_not_ready_cannot_be_promoted_by_hand() -> None:
    world = World()
    world.version("late", RevisionState.STARTING)
    started = world.start(candidate="late")

    with pytest.raises(Conflict, match="is not ready"):
        world.people.promote("ws", "churn", started.id)


def test_a_rollout_of_another_service_is_not_found() -> None:
    world = World()

    with pytest.raises(NotFound, match="'o-none'"):
        world.people.get("ws", "churn", "o-none")


def test_others_keep_their_hands_off_while_it_runs() -> None:
    world = World(red=World().truths["blue"])
    rollouts = world.stores.rollouts
    check_traffic_free(rollouts, world.service, "its traffic cannot be changed")
    started = world.start()

    with pytest.raises(Conflict, match=f"{started.id}.*so its traffic cannot be changed. Stop it"):
        check_traffic_free(rollouts, world.service, "its traffic cannot be changed")
    for version in ("green", "blue"):
        with pytest.raises(Conflict, match="cannot be deleted"):
            check_version_free(rollouts, world.service, version, "it cannot be deleted")
    check_version_free(rollouts, world.service, "red", "it cannot be deleted")


def test_a_version_that_a_rollback_needs_stays_also_without_traffic() -> None:
    """Its share of before was so small that the step leaves it nothing."""
    world = World(red=World().truths["blue"])
    rollouts = world.stores.rollouts
    world.stores.services.change("s1", lambda s: with_split(s, Split({"red": 1}, "blue")))
    world.start(steps=[50])
    for _ in range(3):
        world.tick()
    assert "red" not in effective(world.service)

    with pytest.raises(Conflict, match="cannot be deleted"):
        check_version_stays(rollouts, world.service, "red", "it cannot be deleted")

    check_version_stays(rollouts, world.service, "grey", "it cannot be deleted")
    world.people.rollback("ws", "churn", world.rollout().id)
    world.tick()
    assert effective(world.service) == {"red": 1, "blue": 999}


def test_who_decided_and_why_is_kept() -> None:
    world = World()
    started = world.start()

    world.people.stop("ws", "churn", started.id, "lunch", "ann")
    world.tick()

    found = world.view()
    assert found.reasons == ["ann decided so: lunch"]
    asked = world.stores.events.list("ws", "churn")
    assert [(e.what, e.who, e.why) for e in asked if "stop" in e.what] == [
        ("rollout stopped", "modelyard", "ann decided so: lunch"),
        ("rollout stop", "ann", "lunch"),
    ]
