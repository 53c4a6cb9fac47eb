"""
How many users a test needs: looked at once at the end, or looked at all the time.

Fixed horizon: the one-sided z-test, n = (z_{1-alpha} + z_{1-β})² (var0 + var1) / effect².
Always valid: the least n at which an effect stands out of the asymptotic confidence sequence with
the asked power, z_{1-β} standard errors below its expectation. It is the *worst* case: as one may
stop whenever it is shown, half of such tests need no more than ``median_size``.
"""

from math import ceil, sqrt
from statistics import NormalDist

from modelyard.abtest import asymptotic, normal_mixture
from modelyard.abtest.checks import at_least, finite, inside, positive
from modelyard.domain.errors import BadInput


def fixed_size(
    effect: float, variance0: float, variance1: float, *, alpha: float = 0.05, power: float = 0.8
) -> int:
    """Values per arm for a single one-sided look at the end."""
    z = _z(inside("alpha", alpha)) + _z(1 - inside("power", power))
    spread = at_least("variance0", variance0, 0) + at_least("variance1", variance1, 0)
    return max(1, ceil(z * z * spread / _effect(effect) ** 2))


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
    spread = at_least("variance0", variance0, 0) + at_least("variance1", variance1, 0)
    z = _z(1 - inside("power", power))
    line = normal_mixture.threshold(alpha)

    def enough(n: int) -> bool:
        error = sqrt(spread / n)
        seen = asymptotic.Difference(_effect(effect) - z * error, error**2, 2 * n, True)
        return seen.effect > 0 and asymptotic.log_e(seen, alpha=alpha, n_opt=n_opt) >= line

    high = asymptotic.BURN_IN
    while not enough(high):
        high *= 2
        if high > 10**15:
            raise BadInput("effect is too small for any test of these variances.")
    low = high // 2 if high > asymptotic.BURN_IN else asymptotic.BURN_IN
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high


def median_size(
    effect: float, variance0: float, variance1: float, *, alpha: float = 0.05,
    n_opt: float = asymptotic.N_OPT,
) -> int:  # fmt: skip
    """Values per arm by which about half of the always valid tests have decided, at most."""
    return sequential_size(effect, variance0, variance1, alpha=alpha, power=0.5, n_opt=n_opt)


def rate_variance(rate: float) -> float:
    """The variance of a yes/no value."""
    return at_least("rate", rate, 0) * (1 - min(1.0, rate))


def _effect(effect: float) -> float:
    return positive("effect", abs(finite("effect", effect)))


def _z(tail: float) -> float:
    return NormalDist().inv_cdf(1 - tail)
