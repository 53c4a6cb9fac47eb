"""How bounds and intervals behave."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelyard.abtest import (
    asymptotic,
    beta_binomial,
    betting,
    bounded,
    double_stitching,
    empirical_bernstein,
    empirical_process,
    gamma_exponential,
    msprt,
    normal_mixture,
    rate_difference,
    sample_ratio,
    stitching,
)
from modelyard.abtest.counts import Counts
from modelyard.abtest.moments import Moments

BOUNDS = {
    "normal": lambda v, alpha: normal_mixture.bound(v, alpha, 50),
    "normal, two-sided": lambda v, alpha: normal_mixture.bound(v, alpha, 50, one_sided=False),
    "gamma-exponential": lambda v, alpha: gamma_exponential.bound(v, alpha, 50),
    "stitched": lambda v, alpha: stitching.bound(v, alpha, 1.0, c=1.0),
    "double stitched": lambda v, alpha: double_stitching.bound(0.9, 10 + v, alpha, 10),
}


@pytest.mark.parametrize("name", BOUNDS)
@settings(max_examples=50, deadline=None)
@given(st.floats(1, 1e5), st.floats(1.1, 10), st.floats(1e-6, 0.2))
def test_a_sums_bound_grows_with_the_variance_and_slower_than_it(
    name: str, v: float, times: float, alpha: float
) -> None:
    bound = BOUNDS[name]

    before, after = bound(v, alpha), bound(v * times, alpha)

    assert before < after < before * times


@pytest.mark.parametrize("name", BOUNDS)
@settings(max_examples=50, deadline=None)
@given(st.floats(1, 1e5), st.floats(1e-6, 0.1))
def test_a_smaller_chance_of_error_asks_for_more(name: str, v: float, alpha: float) -> None:
    bound = BOUNDS[name]

    assert bound(v, alpha) > bound(v, 2 * alpha)


@pytest.mark.parametrize(
    "interval",
    [
        lambda n: empirical_bernstein.interval([0.25, 0.75] * n, 0.05),
        lambda n: bounded.interval(bounded.Sums().observed([0.25, 0.75] * n), 0.05),
        lambda n: beta_binomial.interval(n, 2 * n, 0.05, 200),
        lambda n: rate_difference.interval(Counts(2 * n, n), Counts(2 * n, n), 0.05),
        lambda n: sample_ratio.interval((n, n), (1, 1), 0.05),
        lambda n: asymptotic.interval(
            asymptotic.difference(Moments(2 * n, 0, 2.0 * n), Moments(2 * n, 0, 2.0 * n)), 0.05
        ),
    ],
)
def test_intervals_shrink_as_values_come(interval) -> None:
    widths = [high - low for low, high in map(interval, (50, 100, 400, 1600, 6400))]

    assert all(after < before for before, after in pairwise(widths))


def test_the_band_around_a_distribution_shrinks_and_is_infinite_at_first() -> None:
    heights = [empirical_process.band(t, 0.05, 100) for t in (99, 100, 1000, 100_000)]

    assert heights[0] == float("inf")
    assert all(after < before for before, after in pairwise(heights))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.2, 1.0]), min_size=1, max_size=60), st.randoms())
def test_the_order_of_values_does_not_matter_where_it_should_not(
    values: list[float], shuffler: random.Random
) -> None:
    other = list(values)
    shuffler.shuffle(other)

    first, second = Moments.of(values), Moments.of(other)

    assert first.count == second.count
    assert first.mean == pytest.approx(second.mean, abs=1e-12)
    assert first.variance == pytest.approx(second.variance, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 200), st.integers(0, 200))
def test_swapping_the_arms_turns_the_interval_around(k0: int, k1: int) -> None:
    first, second = Counts(200, k0), Counts(200, k1)

    low, high = rate_difference.interval(first, second, 0.05)

    assert rate_difference.interval(second, first, 0.05) == (
        pytest.approx(-high, abs=1e-6),
        pytest.approx(-low, abs=1e-6),
    )


def test_nothing_is_known_without_values() -> None:
    assert empirical_bernstein.interval([], 0.05) == (0, 1)
    assert betting.Capital(0.05).interval() == (0, 1)
    assert bounded.interval(bounded.Sums(), 0.05) == (0, 1)
    assert beta_binomial.interval(0, 0, 0.05, 100) == (0, 1)
    assert rate_difference.interval(Counts(), Counts(), 0.05) == (-1, 1)
    assert sample_ratio.interval((0, 0), (1, 1), 0.05) == (0, 1)


def test_values_that_are_all_alike_give_an_interval_around_them() -> None:
    for values in ([0.0] * 500, [1.0] * 500):
        low, high = empirical_bernstein.interval(values, 0.05)

        assert 0 <= low <= values[0] <= high <= 1
        assert high - low < 0.05


def test_betting_goes_on_where_it_stopped() -> None:
    values = [0.1, 0.9, 0.4, 1.0, 0.0] * 8

    at_once = betting.Capital(0.05, 50).observed(values)
    in_parts = betting.Capital(0.05, 50).observed(values[:13]).observed(values[13:])

    assert at_once == in_parts


def test_an_impossible_mean_is_ruled_out_at_once_by_betting() -> None:
    found = betting.Capital(0.05, 100).observed([1.0] + [0.5] * 200)

    assert found.up[0] > 3
    assert 0 < found.interval()[0] < 0.5 < found.interval()[1] < 1


def test_nothing_is_concluded_within_the_burn_in() -> None:
    control, candidate = Moments(99, 0.0, 99.0), Moments(5000, 10.0, 5000.0)

    found = asymptotic.difference(control, candidate)

    assert asymptotic.log_e(found) == 0
    assert asymptotic.interval(found, 0.05) == (float("-inf"), float("inf"))


def test_an_always_valid_p_value_never_goes_up() -> None:
    p = 1.0

    for n, effect in ((100, 0.2), (200, 0.1), (300, 0.0)):
        after = msprt.running_p(p, n, effect, 0.25, 1e-2)
        assert after <= p
        p = after

    assert 0 < p < 0.2


def test_a_step_within_the_burn_in_does_not_count_among_others() -> None:
    early = asymptotic.difference(Moments(50, 0.0, 50.0), Moments(50, 9.0, 50.0))
    late = asymptotic.difference(Moments(500, 0.0, 500.0), Moments(500, 1.0, 500.0))

    assert asymptotic.stratified([early, late]) == asymptotic.stratified([late])
    assert asymptotic.stratified([early]) == asymptotic.Difference()


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
@example(110, 475_910, 0, 475_910)
@example(107, 22_136, 107, 0)
def test_the_interval_of_a_difference_ends_where_the_evidence_is_enough(
    n0: int, n1: int, k0: int, k1: int
) -> None:
    arms = Counts(n0, min(k0, n0)), Counts(n1, min(k1, n1))

    ends = rate_difference.interval(*arms, 0.05)

    assert -1 <= ends[0] <= arms[1].rate - arms[0].rate <= ends[1] <= 1
    for end, inwards in zip(ends, (1e-9, -1e-9), strict=True):
        if abs(end) < 1 - 1e-8:
            assert rate_difference.log_e(*arms, end + inwards) < math.log(20) + 1e-3
            assert rate_difference.log_e(*arms, end - inwards) > math.log(20) - 1e-3
