"""
The polynomial stitched bound: a closed form that grows as the law of the iterated logarithm.

Howard, Ramdas, McAuliffe and Sekhon 2021 (Annals of Statistics 49(2); arXiv 1810.08240),
theorem 1 and the example after it::

    S(v) = sqrt(k1² v l + k2² c² l²) + k2 c l
    l    = s log log(η v / m) + log(ζ(s) / (alpha log(η)^s))
    k1   = (η^(1/4) + η^(-1/4)) / sqrt(2),  k2 = (sqrt(η) + 1) / 2,  v = max(v, m)
"""

from math import log, sqrt

from modelyard.abtest.checks import at_least, inside, positive
from modelyard.abtest.special import zeta


def bound(
    v: float, alpha: float, v_min: float, *, c: float = 0.0, s: float = 1.4, eta: float = 2.0
) -> float:
    """The least sum that shows something at level ``alpha``; as at ``v_min`` before it."""
    at_least("v", v, 0), inside("alpha", alpha), positive("v_min", v_min), at_least("c", c, 0)
    inside("s", s, 1, 100), inside("eta", eta, 1, 100)
    v = max(v, v_min)
    level = s * log(log(eta * v / v_min)) + log(zeta(s) / (alpha * log(eta) ** s))
    k1 = (eta**0.25 + eta**-0.25) / sqrt(2)
    linear = (sqrt(eta) + 1) / 2 * c * level
    return sqrt(k1 * k1 * v * level + linear * linear) + linear
