"""
The numbers that others published or printed, to the digits given.

Most come from confseq 0.0.11 by Howard and Waudby-Smith (whose searches stop at 40 bits), two from
savvi 0.3.1 by Assunção, the others from the papers' closed forms.
"""

from math import exp, log, sqrt

import pytest

from modelyard.abtest import (
    asymptotic,
    betting,
    bounded,
    double_stitching,
    empirical_bernstein,
    empirical_process,
    gamma_exponential,
    histogram,
    msprt,
    normal_mixture,
    quantiles,
    sample_ratio,
    stitching,
)

VALUES = [1, 0, 1, 1, 0, 1, 1, 1, 0, 1] * 20
FLOAT = 1e-13
BITS_40 = 2e-12


def near(value: float, rel: float = FLOAT) -> object:
    return pytest.approx(value, rel=rel, abs=0)


def test_the_one_sided_normal_mixture_bound_is_confseqs() -> None:
    assert normal_mixture.bound(100, 0.05, 100) == near(27.660708830694603, BITS_40)


def test_the_two_sided_normal_mixture_bound_is_confseqs_and_its_closed_form() -> None:
    rho = normal_mixture.best_rho(100, 0.05, one_sided=False)

    found = normal_mixture.bound(100, 0.05, 100, one_sided=False)

    assert found == near(30.352089903762526)
    assert found == near(sqrt((100 + rho) * log((100 + rho) / (rho * 0.05**2))))


def test_the_two_sided_normal_mixture_bound_far_from_its_best_is_confseqs() -> None:
    assert normal_mixture.bound(10_000, 0.05, 100, one_sided=False) == near(356.16410409188995)


def test_the_two_sided_normal_log_mixture_is_confseqs() -> None:
    rho = normal_mixture.best_rho(100, 0.05, one_sided=False)

    found = normal_mixture.log_mixture(50, 100, rho, one_sided=False)

    assert found == near(10.006135351229418)


def test_the_gamma_exponential_bound_is_confseqs() -> None:
    assert gamma_exponential.bound(100, 0.05, 100, c=1) == near(30.238129620079235, BITS_40)


def test_the_stitched_bound_is_confseqs() -> None:
    assert stitching.bound(100, 0.05, 10) == near(35.68049029888615)


def test_the_band_around_a_distribution_is_confseqs() -> None:
    assert empirical_process.band(1000, 0.05, 100) == near(0.08204778770914738, BITS_40)


def test_the_double_stitched_bound_is_confseqs() -> None:
    assert double_stitching.bound(0.95, 1000, 0.05, 100) == near(30.812614128953122)


def test_the_betting_interval_is_confseqs() -> None:
    found = betting.Capital(0.05).observed(VALUES).interval()

    assert found == (near(0.588), near(0.805))


def test_the_empirical_bernstein_interval_is_confseqs() -> None:
    found = empirical_bernstein.interval(VALUES, 0.05)

    assert found == (near(0.5815866425301581), near(0.8134061132770405))


def test_the_hoeffding_interval_is_confseqs() -> None:
    found = empirical_bernstein.interval(VALUES, 0.05, bernstein=False)

    assert found == (near(0.5849337844480517), near(0.8134968103389553))


def test_the_conjugate_empirical_bernstein_interval_is_confseqs() -> None:
    found = bounded.conjugate_interval(VALUES, 0.05, 50)

    assert found == (near(0.5730949253326, BITS_40), near(0.8269050746674, BITS_40))


@pytest.mark.parametrize(("p", "expected"), [(0.5, 1.0), (0.95, 8.825761178678817e-05)])
def test_the_test_of_two_quantiles_is_confseqs(p: float, expected: float) -> None:
    control = histogram.stored(i / 1000 for i in range(1, 1001))
    candidate = histogram.stored(i / 1000 + 0.05 for i in range(1, 1001))

    assert quantiles.same_quantile_p(control, candidate, p, t_opt=500) == near(expected, 1e-10)


def test_the_sample_ratio_evidence_is_savvis_and_its_closed_form() -> None:
    found = exp(sample_ratio.log_e([100, 150], [0.5, 0.5]))

    assert found == near(19.410979851802605, 1e-9)
    assert found == near(19.410979851799016, 1e-12)
    assert 1 / found == near(0.05151723445362985, 1e-9)


def test_the_sample_ratio_interval_is_savvis() -> None:
    low, high = sample_ratio.interval((100, 150), (0.5, 0.5), 0.05)

    assert (round(low, 8), round(high, 8)) == (0.30503729, 0.50029849)


def test_the_mixture_probability_ratio_is_its_closed_form() -> None:
    assert exp(msprt.log_ratio(10_000, 0.01, 0.1, 1e-4)) == near(28.403344691362925)


@pytest.mark.parametrize(
    ("n", "expected"), [(5000, 0.013230169261576205), (20_000, 0.00681538726862634)]
)
def test_the_asymptotic_half_width_is_its_closed_form(n: int, expected: float) -> None:
    rho2 = asymptotic.best_rho2(0.05, 5000)

    assert asymptotic.half_width(n, 0.095, 0.05, rho2) == near(expected)
