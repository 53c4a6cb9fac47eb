"""
The gamma-exponential mixture bound, for sums whose steps are bounded on one side by ``c``.

Howard, Ramdas, McAuliffe and Sekhon 2021 (Annals of Statistics 49(2); arXiv 1810.08240),
proposition 8. With a = rho/c² and b = (v + rho)/c²::

    M(s, v) = a^a / (Γ(a) P(a, a)) · Γ(b) P(b, (c s + v + rho)/c²)
              / ((c s + v + rho)/c²)^b · exp((c s + v)/c²)

where P is the regularised lower incomplete gamma function. Γ(b) P(b, z) e^z / z^b is an integral,
∫ e^(z t) (1 - t)^(b-1) dt over 0..1; where z <= 0 its lower bound 1 / (b - z) is used instead, for
-log(1 - t) >= t. So M is never too large.
"""

from functools import lru_cache
from math import lgamma, log

from modelyard.abtest.checks import at_least, finite, inside, positive
from modelyard.abtest.normal_mixture import best_rho
from modelyard.abtest.special import log_gamma_p, root_above


@lru_cache(maxsize=256)
def _leading(a: float) -> float:
    return a * log(a) - lgamma(a) - log_gamma_p(a, a)


def log_mixture(s: float, v: float, rho: float, c: float = 1.0) -> float:
    """log M(s, v), a little less where ``s`` is far below zero."""
    finite("s", s), at_least("v", v, 0), positive("rho", rho), positive("c", c)
    square = c * c
    b = (v + rho) / square
    moved = (c * s + v + rho) / square
    if moved <= 0:
        return _leading(rho / square) - rho / square - log(b - moved)
    p = log_gamma_p(b, moved)
    return _leading(rho / square) + lgamma(b) + p - b * log(moved) + (c * s + v) / square


def bound(
    v: float, alpha: float, v_opt: float, *, c: float = 1.0, alpha_opt: float = 0.05
) -> float:
    """The least sum ``s`` that shows something at level ``alpha`` when the variance is ``v``."""
    threshold = log(1 / inside("alpha", alpha))
    rho = best_rho(v_opt, alpha_opt)
    return root_above(lambda s: log_mixture(s, v, rho, c) - threshold, max(v, 1e-300))
