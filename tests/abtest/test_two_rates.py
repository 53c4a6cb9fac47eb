"""Evidence about two yes/no rates."""

import random
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.abtest.counts import Counts
from modelyard.abtest.two_rates import Claim, closest, log_e
from modelyard.domain.errors import BadInput


def after(claim: Claim, p0: float, p1: float, looks: int, size: int, seed: int = 1) -> float:
    chance, total = random.Random(seed), 0.0
    past = [Counts(), Counts()]
    for _ in range(looks):
        batch = [Counts(size, sum(chance.random() < p for _ in range(size))) for p in (p0, p1)]
        total += log_e(claim, *past, *batch)
        past = [a.merged(b) for a, b in zip(past, batch, strict=True)]
    return total


def test_a_clear_difference_is_found_and_its_opposite_is_not() -> None:
    assert after(Claim(above=True), 0.05, 0.10, 40, 100) > log(1000)
    assert after(Claim(above=False), 0.05, 0.10, 40, 100) < log(20)


def test_rare_errors_are_found_long_before_asymptotics_would_be_trusted() -> None:
    assert after(Claim(0.001), 0.0005, 0.02, 10, 200) > log(80)


def test_a_difference_within_the_margin_is_no_breach_but_can_be_proven_harmless() -> None:
    assert after(Claim(0.05, above=True), 0.05, 0.06, 40, 100) < log(20)
    assert after(Claim(0.05, above=False), 0.05, 0.06, 40, 100) > log(20)


def test_a_relative_margin_is_a_share_of_the_controls_rate() -> None:
    assert after(Claim(factor=1.1), 0.1, 0.105, 40, 100) < log(20)
    assert after(Claim(factor=1.1), 0.1, 0.2, 40, 100) > log(1000)


def test_nothing_is_staked_before_the_past_has_told_anything() -> None:
    assert log_e(Claim(), Counts(), Counts(), Counts(100, 0), Counts(100, 100)) == 0


def test_one_arm_alone_tells_nothing() -> None:
    past = Counts(100, 10), Counts(100, 30)

    assert log_e(Claim(), *past, Counts(), Counts(50, 40)) == 0
    assert log_e(Claim(), *past, Counts(50, 1), Counts()) == 0


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0.001, 0.999), st.floats(0.001, 0.999)
)
def test_the_closest_point_without_margin_is_the_pooled_rate(
    n0: int, n1: int, guess0: float, guess1: float
) -> None:
    exact = closest(Claim(), n0, n1, guess0, guess1)
    searched = closest(Claim(1e-12), n0, n1, guess0, guess1)

    assert exact == pytest.approx((n0 * guess0 + n1 * guess1) / (n0 + n1))
    assert searched == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize(
    ("margin", "factor"), [(1.0, 1.0), (-1.0, 1.0), (float("nan"), 1.0), (0.0, 0.0), (0.0, -1.0)]
)
def test_a_claim_that_leaves_no_room_for_rates_is_refused(margin: float, factor: float) -> None:
    with pytest.raises(BadInput, match=r"margin|factor"):
        Claim(margin, factor)
