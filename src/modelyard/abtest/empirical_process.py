"""
A band around the whole distribution of one arm, valid at every look.

Howard and Ramdas 2022 (Sequential estimation of quantiles with applications to A/B testing and
best-arm identification, Bernoulli 28(3); arXiv 1906.09712), theorem 2: from ``t_min`` values on
no point of the empirical distribution function is further off than::

    A sqrt((log(1 + log(t / t_min)) + C) / t)

C is the least with an error of at most alpha, found by a search over the width of the epochs.
"""

from functools import lru_cache
from math import exp, inf, log, sqrt

from modelyard.abtest.checks import at_least, inside
from modelyard.abtest.special import minimum, root


def band(t: int, alpha: float, t_min: float, a: float = 0.85) -> float:
    """Half the height of the band after ``t`` values; infinite before ``t_min``."""
    at_least("t", t, 0), inside("alpha", alpha), at_least("t_min", t_min, 1)
    inside("a", a, 1 / sqrt(2), 100)
    if t < t_min:
        return inf
    return a * sqrt((log(1 + log(t / t_min)) + _constant(alpha, a)) / t)


@lru_cache(maxsize=64)
def _constant(alpha: float, a: float) -> float:
    high = 5.0
    while _error(high, a) > alpha:
        high *= 2
    return root(lambda c: alpha - _error(c, a), 1e-9, high)


def _error(c: float, a: float) -> float:
    """The least chance of ever leaving the band with this C, over the width of the epochs."""
    widest = root(lambda eta: sqrt(eta / 2) + sqrt(2 * (eta - 1) / c) - a, 1.0, 2 * a * a)

    def at(eta: float) -> float:
        square = 2 / eta * (a - sqrt(2 * (eta - 1) / c)) ** 2
        if square <= 1:
            return inf
        return 4 * exp(-square * c) * (1 + 1 / ((square - 1) * log(eta)))

    return minimum(at, 1.0, widest)[1]
