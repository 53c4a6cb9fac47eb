"""
What makes every look valid: expected evidence against a true claim is never above 1.

Checked by adding up over every possible outcome, not by chance.
"""

from itertools import product
from math import comb, exp, fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.abtest import (
    beta_binomial,
    bounded,
    combining,
    gamma_exponential,
    histogram,
    normal_mixture,
    quantiles,
    rate_difference,
    sample_ratio,
    two_rates,
)
from modelyard.abtest.counts import Counts

FAIR = 1 + 1e-9
rates = st.floats(0.001, 0.999)


def chance(n: int, k: int, p: float) -> float:
    return comb(n, k) * p**k * (1 - p) ** (n - k)


@st.composite
def claims(draw: st.DrawFn) -> two_rates.Claim:
    factor = draw(st.sampled_from([1.0, 0.8, 1.1, 2.0]))
    margin = draw(st.floats(-0.3, 0.3)) if factor == 1 else 0.0
    return two_rates.Claim(margin, factor, draw(st.booleans()))


@st.composite
def counts(draw: st.DrawFn, most: int = 3000) -> Counts:
    trials = draw(st.integers(0, most))
    return Counts(trials, draw(st.integers(0, trials)))


@settings(max_examples=50, deadline=None)
@given(claims(), counts(), counts(), st.integers(1, 7), st.integers(1, 7), rates, rates)
def test_no_batch_is_expected_to_win_against_a_true_claim_about_two_rates(
    claim: two_rates.Claim, past0: Counts, past1: Counts, n0: int, n1: int, p0: float, p1: float
) -> None:
    edge = claim.factor * p0 + claim.margin
    true = max(0.0, min(1.0, min(p1, edge) if claim.above else max(p1, edge)))
    if not (0 <= edge <= 1):
        return

    expected = fsum(
        chance(n0, k0, p0)
        * chance(n1, k1, true)
        * exp(two_rates.log_e(claim, past0, past1, Counts(n0, k0), Counts(n1, k1)))
        for k0, k1 in product(range(n0 + 1), range(n1 + 1))
    )

    assert expected <= FAIR


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), rates, st.floats(0.2, 1.0), st.floats(5, 5000))
def test_beta_binomial_evidence_is_fair_for_every_rate_up_to_the_one_tested(
    n: int, p: float, share: float, n_opt: float
) -> None:
    found = [beta_binomial.log_mixture(k, n, p, n_opt, one_sided=True) for k in range(n + 1)]

    assert fsum(chance(n, k, p * share) * exp(e) for k, e in enumerate(found)) <= FAIR


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), rates, st.floats(5, 5000))
def test_two_sided_beta_binomial_evidence_is_exactly_fair(n: int, p: float, n_opt: float) -> None:
    found = [beta_binomial.log_mixture(k, n, p, n_opt) for k in range(n + 1)]

    assert fsum(chance(n, k, p) * exp(e) for k, e in enumerate(found)) == pytest.approx(1)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), rates, st.floats(1, 1000))
def test_evidence_of_a_wrong_split_is_exactly_fair(n: int, share: float, k: float) -> None:
    found = [sample_ratio.log_e((n - x, x), (1 - share, share), k) for x in range(n + 1)]

    assert fsum(chance(n, x, share) * exp(e) for x, e in enumerate(found)) == pytest.approx(1)


@pytest.mark.parametrize(("p0", "p1"), [(0.5, 0.5), (0.1, 0.3), (0.01, 0.02)])
def test_evidence_against_the_true_difference_of_rates_is_fair(p0: float, p1: float) -> None:
    n = 8

    expected = fsum(
        chance(n, a, p0)
        * chance(n, b, p1)
        * exp(rate_difference.log_e(Counts(n, a), Counts(n, b), p1 - p0))
        for a, b in product(range(n + 1), repeat=2)
    )

    assert expected <= FAIR


@pytest.mark.parametrize("p", [0.02, 0.3, 0.5, 0.9])
def test_gamma_exponential_evidence_is_fair_along_every_path(p: float) -> None:
    n, expected = 11, 0.0

    for path in product((0.0, 1.0), repeat=n):
        sums = bounded.Sums().observed(path)
        hits = int(sums.total)
        log_e = gamma_exponential.log_mixture(sums.total - n * p, sums.variation, 2.0)
        expected += p**hits * (1 - p) ** (n - hits) * exp(log_e)

    assert expected <= FAIR


@pytest.mark.parametrize(("p0", "p1"), [(0.5, 0.5), (0.4, 0.3)])
def test_evidence_about_bounded_means_is_fair(p0: float, p1: float) -> None:
    n, expected = 4, 0.0

    for path in product((0.0, 1.0), repeat=2 * n):
        control, candidate = (bounded.Sums().observed(arm) for arm in (path[:n], path[n:]))
        weight = p0**control.total * (1 - p0) ** (n - control.total)
        weight *= p1**candidate.total * (1 - p1) ** (n - candidate.total)
        expected += weight * exp(bounded.log_e(control, candidate))

    assert expected <= FAIR


@pytest.mark.parametrize("kept", [True, False])
def test_evidence_about_a_quantile_is_fair_from_values_and_from_bins(kept: bool) -> None:
    weights = {1.0: 0.3, 2.0: 0.25, 3.0: 0.45}
    n, expected = 3, 0.0

    for values in product(weights, repeat=2 * n):
        weight = 1.0
        for value in values:
            weight *= weights[value]
        arms = [
            histogram.stored(arm) if kept else histogram.Histogram().observed(arm).steps()
            for arm in (values[:n], values[n:])
        ]
        expected += weight * exp(quantiles.log_e(*arms, 0.5, t_opt=20))

    assert expected <= FAIR


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 50), st.floats(0.5, 50))
def test_normal_evidence_is_fair_for_normal_sums(v: float, v_opt: float) -> None:
    rho = normal_mixture.best_rho(v_opt, 0.05)
    # a fine sum over the density of a Normal(0, v), out to 12 standard deviations
    points = [(-12 + 24 * k / 4000) for k in range(4001)]

    expected = fsum(
        exp(-0.5 * z * z + normal_mixture.log_mixture(z * v**0.5, v, rho)) for z in points
    )

    assert expected * 24 / 4000 / (2 * 3.141592653589793) ** 0.5 <= 1 + 1e-6


@settings(max_examples=50, deadline=None)
@given(st.floats(-50, 800), st.floats(0.01, 0.99))
def test_kept_evidence_is_never_under_its_reserve(log_e: float, reserve: float) -> None:
    found = combining.kept(log_e, reserve)

    assert exp(min(found, 0)) >= min(reserve, 1) * (1 - 1e-9)
    assert found <= max(log_e, 0) + 1e-9
