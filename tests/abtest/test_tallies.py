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
from modelyard.abtest.tallies import Batch, State, from_json, observe, replaced, to_json
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


SALES = Plan(key=Metric("sales", "rate", "higher"))


def sales(*arms: tuple[int, int], users: tuple[int, int] | None = None) -> Batch:
    first, second = (Counts(*arm) for arm in arms)
    return Batch(users or (first.trials, second.trials), {"sales": (first, second)})


def test_totals_known_anew_bet_only_with_what_is_more() -> None:
    step_by_step = observe(SALES, State(), 0.5, sales((30, 2), (30, 4)))
    step_by_step = observe(SALES, step_by_step, 0.5, sales((20, 2), (30, 6)))

    known = replaced(SALES, State(), 0, 0.5, sales((30, 2), (30, 4)))
    known = replaced(SALES, known, 0, 0.5, sales((50, 4), (60, 10)))
    again = replaced(SALES, known, 0, 0.5, sales((50, 4), (60, 10)))

    assert known == step_by_step
    assert again == known


def test_outcomes_that_come_late_count_in_the_step_of_their_requests() -> None:
    known = replaced(SALES, State(), 0, 0.1, sales((90, 4), (10, 1)))
    known = replaced(SALES, known, 1, 0.5, sales((50, 2), (50, 4)))

    late = replaced(SALES, known, 0, 0.1, sales((95, 6), (11, 2)))

    assert [step.pairs["sales"] for step in late.steps] == [
        (Counts(95, 6), Counts(11, 2)),
        (Counts(50, 2), Counts(50, 4)),
    ]
    assert late.bets != known.bets


def test_rows_that_telemetry_lost_take_nothing_back() -> None:
    known = replaced(SALES, State(), 0, 0.5, sales((100, 5), (100, 9)))

    after = replaced(SALES, known, 0, 0.5, sales((40, 1), (50, 2)))
    grown = replaced(SALES, after, 0, 0.5, sales((110, 5), (100, 9)))

    assert after == known
    assert grown.of("sales") == [(Counts(110, 5), Counts(100, 9))]


def test_totals_of_other_kinds_are_taken_as_they_are() -> None:
    first = replaced(PLAN, State(), 0, 0.5, batch(1))
    both = batch(1).merged(batch(2))

    after = replaced(PLAN, first, 0, 0.5, both)

    assert after.of("latency") == [both.pairs["latency"]]
    assert after.of("revenue") == [both.pairs["revenue"]]
    assert after.users == (80, 80)


def test_a_step_cannot_be_left_out() -> None:
    with pytest.raises(BadInput, match="step must be from 0 to 0, not 1"):
        replaced(SALES, State(), 1, 0.5, sales((1, 0), (1, 0)))
