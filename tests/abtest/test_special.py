"""The special functions, beside SciPy's."""

from math import exp, log

import pytest
from scipy import special as oracle
from scipy import stats

from modelyard.abtest import special


@pytest.mark.parametrize("a", [0.3, 1.0, 7.5, 200.0, 9_999.0, 20_000.0, 3e6])
@pytest.mark.parametrize("sigmas", [-2.5, -0.5, 0.0, 0.5, 3.0, 40.0])
def test_the_incomplete_gamma_function_is_scipys(a: float, sigmas: float) -> None:
    x = a + sigmas * a**0.5
    if x <= 0:
        x = a / 3

    assert special.log_gamma_p(a, x) == pytest.approx(log(oracle.gammainc(a, x)), abs=2e-9)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (3, 900), (900, 3), (2e4, 1e6), (5e5, 5e5)])
@pytest.mark.parametrize("sigmas", [-3, -1, 0, 1, 3])
def test_the_incomplete_beta_function_is_scipys(a: float, b: float, sigmas: float) -> None:
    spread = stats.beta.std(a, b)
    x = min(max(a / (a + b) + sigmas * spread, 1e-6), 1 - 1e-6)

    assert special.log_beta_inc(a, b, x) == pytest.approx(log(oracle.betainc(a, b, x)), abs=1e-8)


@pytest.mark.parametrize("x", [-300.0, -40.0, -29.0, -1.0, 0.0, 5.0])
def test_the_normal_distribution_function_is_scipys(x: float) -> None:
    assert special.log_normal_cdf(x) == pytest.approx(oracle.log_ndtr(x), rel=1e-5)


@pytest.mark.parametrize("s", [1.1, 1.4, 2.0, 5.0])
def test_zeta_is_scipys(s: float) -> None:
    assert special.zeta(s) == pytest.approx(oracle.zeta(s), rel=1e-14)


def test_a_root_is_found_to_the_last_bit() -> None:
    assert special.root(lambda x: x * x - 2, 0, 2) == pytest.approx(2**0.5, rel=1e-15)


def test_the_bottom_of_a_valley_is_found() -> None:
    where, least = special.minimum(lambda x: (x - 0.3) ** 2 + 1, -5, 5)

    assert where == pytest.approx(0.3, abs=1e-6)
    assert least == pytest.approx(1)


def test_the_edges_of_the_functions_are_their_limits() -> None:
    assert exp(special.log_gamma_p(3, 0)) == 0
    assert exp(special.log_beta_inc(2, 3, 0)) == 0
    assert special.log_beta_inc(2, 3, 1) == 0
