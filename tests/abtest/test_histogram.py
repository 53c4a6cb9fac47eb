"""Counts in bins: what is exact, what is not, and by how much."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.abtest import quantiles
from modelyard.abtest.beta_binomial import log_mixture
from modelyard.abtest.histogram import LEAST, MOST, Histogram, stored
from modelyard.domain.errors import BadInput

values = st.lists(st.floats(0, 1e6), max_size=60)


@settings(max_examples=50, deadline=None)
@given(values, values)
def test_merged_bins_are_those_of_all_values(first: list[float], second: list[float]) -> None:
    both = Histogram().observed(first).merged(Histogram().observed(second))

    assert both == Histogram().observed(second + first)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1e-5, 1e6), min_size=1, max_size=60), st.floats(0.05, 0.95))
def test_a_quantile_is_at_most_one_bin_too_high(sample: list[float], p: float) -> None:
    exact = stored(sample).quantile(p)

    found = Histogram(0.01).observed(sample).steps().quantile(p)

    assert exact * (1 - 1e-9) <= found <= exact * 1.0203


@settings(max_examples=50, deadline=None)
@given(values, st.floats(0, 1e6))
def test_bins_never_count_a_value_that_is_not_certainly_below(
    sample: list[float], x: float
) -> None:
    steps = Histogram().observed(sample).steps()

    assert steps.up_to(x) <= sum(value <= x * (1 + 1e-9) for value in sample)
    assert stored(sample).up_to(x) == sum(value <= x for value in sample)
    assert stored(sample).under(x) == sum(value < x for value in sample)


def test_memory_is_bounded_whatever_comes() -> None:
    chance = random.Random(1)

    found = Histogram().observed(10 ** chance.uniform(-12, 15) for _ in range(20_000))

    assert found.count == 20_000
    assert len(found.bins) <= 3_462
    assert found.steps().edges[-1] == float("inf")
    assert found.steps().lows[0] == float("-inf")


def test_the_ends_of_the_range_have_bins_of_their_own() -> None:
    found = Histogram().observed([0, LEAST / 10, MOST * 10]).steps()

    assert found.at == (2, 3)


def test_a_histogram_survives_being_stored() -> None:
    found = Histogram(0.02).observed([0.1, 5, 5, 900])

    assert Histogram.from_state(found.state()) == found


def test_histograms_of_different_bins_are_not_merged() -> None:
    with pytest.raises(BadInput, match="different errors"):
        Histogram(0.01).merged(Histogram(0.02))


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_values_that_are_no_durations_are_refused(value: float) -> None:
    with pytest.raises(BadInput, match="values"):
        Histogram().observed([value])


def test_bins_never_say_more_than_the_values_in_them() -> None:
    chance = random.Random(3)
    for shift in (0.0, 0.05, 0.2):
        slow = [chance.lognormvariate(shift, 0.5) for _ in range(1500)]
        fast = [chance.lognormvariate(0, 0.5) for _ in range(1500)]

        exact = quantiles.log_e(stored(fast), stored(slow), 0.9)
        binned = quantiles.log_e(
            Histogram().observed(fast).steps(), Histogram().observed(slow).steps(), 0.9
        )

        assert binned <= exact + 1e-9


def test_a_quantiles_interval_holds_the_quantile_and_shrinks() -> None:
    chance = random.Random(4)
    sample = [chance.random() for _ in range(8000)]

    wide = quantiles.interval(stored(sample[:1000]), 0.9, 0.05)
    tight = quantiles.interval(stored(sample), 0.9, 0.05)

    assert wide[0] < tight[0] < 0.9 < tight[1] < wide[1]


def test_too_few_values_leave_a_high_quantile_unknown() -> None:
    assert quantiles.interval(stored([1.0, 2.0, 3.0]), 0.99, 0.05)[1] == float("inf")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=40), st.floats(0.2, 0.9))
def test_a_wider_margin_needs_more_evidence(sample: list[float], p: float) -> None:
    control, candidate = stored(sample), stored([2 * value for value in sample])

    found = [quantiles.log_e(control, candidate, p, factor=f) for f in (1.0, 1.5, 3.0)]

    assert found[0] >= found[1] >= found[2]


def test_the_two_sided_test_asks_for_stored_values() -> None:
    binned = Histogram().observed([1.0]).steps()

    with pytest.raises(BadInput, match="stored values"):
        quantiles.same_quantile_p(binned, binned, 0.5, t_opt=100)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=25),
    st.lists(st.integers(1, 12), min_size=1, max_size=25),
    st.sampled_from([0.25, 0.5, 0.8]),
    st.booleans(),
)
def test_the_evidence_is_the_least_over_every_quantile_that_there_could_be(
    control: list[int], candidate: list[int], p: float, binned: bool
) -> None:
    arms = [
        Histogram().observed(arm).steps() if binned else stored(map(float, arm))
        for arm in (control, candidate)
    ]
    n0, n1 = len(control), len(candidate)

    found = quantiles.log_e(*arms, p, t_opt=50)

    # between whole numbers nothing changes: halves and whole numbers are all there is to try
    tried = [
        log_mixture(sum(c < x for c in control), n0, p, 50, one_sided=True)
        + log_mixture(n1 - sum(c <= x for c in candidate), n1, 1 - p, 50, one_sided=True)
        for x in (half / 2 for half in range(28))
    ]
    assert found == pytest.approx(min(tried), abs=1e-9)
