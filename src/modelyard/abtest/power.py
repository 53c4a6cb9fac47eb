"""
How many users a test needs: looked at once at the end, or looked at all the time.

Fixed horizon: the one-sided z-test, n = (z_{1-alpha} + z_{1-β})² (var0 + var1) / effect².

Always valid: the estimated effect is a Brownian path with a drift, and the test decides when it
crosses the normal mixture bound of ``asymptotic``. As by Schultzberg 2026 (A closed-form sample
size correction for always-valid inference with optional stopping, arXiv 2606.18366) the bound is
replaced by its tangent a + b t at the last value, which lies above it, and the chance to cross a
line up to time n is known::

    P(n) = Φ((d n - a) / sqrt(n)) + exp(2 a d) Φ((-d n - a) / sqrt(n)),   d = effect / sd - b

It is a little too small, so sizes are a little too large. The test of two rates needs about as
many.
"""

from collections.abc import Callable
from math import ceil, exp, log, sqrt
from statistics import NormalDist

from modelyard.abtest import asymptotic, normal_mixture
from modelyard.abtest.checks import at_least, finite, inside, positive
from modelyard.abtest.special import log_normal_cdf
from modelyard.domain.errors import BadInput

MOST = 10**12
"""Values per arm beyond which no test is planned."""


def fixed_size(
    effect: float, variance0: float, variance1: float, *, alpha: float = 0.05, power: float = 0.8
) -> int:
    """Values per arm for a single one-sided look at the end."""
    z = _z(inside("alpha", alpha)) + _z(1 - inside("power", power))
    return max(1, ceil((z / _per_value(effect, variance0, variance1)) ** 2))


def chance_by(
    n: float,
    effect: float,
    variance0: float,
    variance1: float,
    *,
    alpha: float = 0.05,
    n_opt: float = asymptotic.N_OPT,
) -> float:
    """The chance that the always valid test has decided after ``n`` values per arm."""
    positive("n", n)

    def bound(at: float) -> float:
        # both arms' values are counted there, one standardised sum here
        return normal_mixture.bound(2 * at, alpha, n_opt, alpha_opt=alpha) / sqrt(2)

    step = n * 1e-3
    slope = (bound(n + step) - bound(n - step)) / (2 * step)
    start = bound(n) - slope * n
    drift = _per_value(effect, variance0, variance1) - slope
    ended_above = exp(log_normal_cdf((drift * n - start) / sqrt(n)))
    came_back = 2 * start * drift + log_normal_cdf((-drift * n - start) / sqrt(n))
    return min(1.0, ended_above + exp(min(0.0, came_back)))


def sequential_size(
    effect: float,
    variance0: float,
    variance1: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    n_opt: float = asymptotic.N_OPT,
) -> int:
    """Values per arm by which the always valid test has decided with this power."""
    inside("power", power)

    def enough(n: int) -> bool:
        return chance_by(n, effect, variance0, variance1, alpha=alpha, n_opt=n_opt) >= power

    return _least(enough)


def median_size(
    effect: float,
    variance0: float,
    variance1: float,
    *,
    alpha: float = 0.05,
    n_opt: float = asymptotic.N_OPT,
) -> int:
    """Values per arm by which half of the always valid tests have decided."""
    return sequential_size(effect, variance0, variance1, alpha=alpha, power=0.5, n_opt=n_opt)


def expected_size(
    effect: float,
    variance0: float,
    variance1: float,
    most: int,
    *,
    alpha: float = 0.05,
    n_opt: float = asymptotic.N_OPT,
) -> float:
    """
    The mean number of values per arm at the decision, of tests that end at ``most`` at the latest.

    Divided by the users a day it is the expected time to decision.
    """
    least = min(asymptotic.BURN_IN, most)
    steps = 200
    ratio = log(most / least) / steps
    points = [least * exp(ratio * k) for k in range(steps + 1)]
    open_still = [
        1 - chance_by(n, effect, variance0, variance1, alpha=alpha, n_opt=n_opt) for n in points
    ]
    area = sum(
        (points[k + 1] - points[k]) * (open_still[k] + open_still[k + 1]) / 2 for k in range(steps)
    )
    return least + area


def rate_variance(rate: float) -> float:
    """The variance of a yes/no value."""
    return at_least("rate", rate, 0) * (1 - min(1.0, rate))


def _least(enough: Callable[[int], bool]) -> int:
    high = asymptotic.BURN_IN
    while not enough(high):
        high *= 2
        if high > MOST:
            raise BadInput("effect is too small for any test of these variances.")
    low = high // 2 if high > asymptotic.BURN_IN else high
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high


def _per_value(effect: float, variance0: float, variance1: float) -> float:
    """The effect in standard deviations of a pair of values."""
    spread = at_least("variance0", variance0, 0) + at_least("variance1", variance1, 0)
    return positive("effect", abs(finite("effect", effect))) / sqrt(positive("variance1", spread))


def _z(tail: float) -> float:
    return NormalDist().inv_cdf(1 - tail)
