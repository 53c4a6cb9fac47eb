"""What several fronts counted merges exactly, and survives a restart."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.abtest.bounded import Sums
from modelyard.abtest.counts import Counts
from modelyard.abtest.histogram import Histogram
from modelyard.abtest.metrics import Metric, Plan
from modelyard.abtest.moments import Moments
from modelyard.abtest.tallies import Batch, State, from_json, observe, to_json
from modelyard.domain.errors import BadInput

PLAN = Plan(
    key=Metric("sales", "rate", "higher"),
    guardrails=(
        Metric("errors", "rate", "lower", 0.01),
        Metric("latency", "quantile", "lower", 0.1, relative=True),
        Metric("revenue", "mean", "higher", 1.0),
        Metric("score", "bounded", "higher", 0.1),
    ),
)
values = st.lists(st.floats(0, 1, width=32), max_size=30)


def batch(seed: int, users: int = 40) -> Batch:
    chance = random.Random(seed)

    def arm() -> list:
        return [
            Counts(users, chance.randrange(users)),
            Counts(users, chance.randrange(3)),
            Histogram().observed(chance.expovariate(1) for _ in range(users)),
            Moments.of(chance.gauss(5, 1) for _ in range(users)),
            Sums().observed(chance.random() for _ in range(users)),
        ]

    names = [metric.name for metric in PLAN.metrics]
    pairs = dict(zip(names, zip(arm(), arm(), strict=True), strict=True))
    return Batch((users, users), pairs)


def state(batches: int = 6) -> State:
    found = State()
    for seed in range(batches):
        found = observe(PLAN, found, 0.1 if seed < 3 else 0.5, batch(seed))
    return found


@settings(max_examples=50, deadline=None)
@given(values, values, values)
def test_moments_of_three_fronts_are_those_of_all_values(a: list, b: list, c: list) -> None:
    merged = Moments.of(a).merged(Moments.of(b)).merged(Moments.of(c))
    whole = Moments.of(a + b + c)

    assert merged.count == whole.count
    assert merged.mean == pytest.approx(whole.mean, abs=1e-12)
    assert merged.squares == pytest.approx(whole.squares, abs=1e-11)


@settings(max_examples=50, deadline=None)
@given(values, values)
def test_sums_of_two_fronts_add_up(a: list, b: list) -> None:
    first, second = Sums().observed(a), Sums().observed(b)
    merged = first.merged(second)

    assert merged.count == len(a) + len(b)
    assert merged.total == pytest.approx(sum(a) + sum(b))
    assert merged.variation == pytest.approx(first.variation + second.variation)


def test_batches_of_two_fronts_give_the_same_as_one() -> None:
    together = observe(PLAN, State(), 0.5, batch(1).merged(batch(2)))
    swapped = observe(PLAN, State(), 0.5, batch(2).merged(batch(1)))

    assert together.of("sales") == swapped.of("sales")
    assert together.of("latency") == swapped.of("latency")
    assert together.bets == swapped.bets
    assert together.users == (80, 80)


def test_a_new_share_begins_a_step_and_the_same_share_goes_on() -> None:
    found = state()

    assert [step.share for step in found.steps] == [0.1, 0.5]
    assert [step.users for step in found.steps] == [(120, 120), (120, 120)]
    assert found.users == (240, 240)


def test_a_state_survives_json_and_goes_on_as_if_nothing_had_been() -> None:
    before = state()

    after = from_json(PLAN, json.loads(json.dumps(to_json(before))))

    assert after == before
    assert observe(PLAN, after, 0.5, batch(9)) == observe(PLAN, before, 0.5, batch(9))


def test_a_batch_without_a_metric_leaves_it_as_it_was() -> None:
    before = state()

    after = observe(PLAN, before, 0.5, Batch((5, 5)))

    assert after.of("sales") == before.of("sales")
    assert after.bets == before.bets


def test_a_metric_that_is_not_in_the_plan_is_refused() -> None:
    with pytest.raises(BadInput, match="no metric 'clicks'"):
        observe(PLAN, State(), 0.5, Batch((1, 1), {"clicks": (Counts(), Counts())}))


def test_tallies_of_another_kind_are_refused() -> None:
    with pytest.raises(BadInput, match="'sales' is a rate"):
        observe(PLAN, State(), 0.5, Batch((1, 1), {"sales": (Moments(), Moments())}))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_leaves_one_arm_empty_is_refused(share: float) -> None:
    with pytest.raises(BadInput, match="share"):
        observe(PLAN, State(), share, Batch())


def test_negative_users_are_refused() -> None:
    with pytest.raises(BadInput, match="users"):
        observe(PLAN, State(), 0.5, Batch((-1, 1)))


def test_a_state_of_another_version_is_refused() -> None:
    with pytest.raises(BadInput, match="version"):
        from_json(PLAN, {"version": 2})
