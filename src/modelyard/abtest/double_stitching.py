"""
A bound for every quantile of one arm at once, tight also in the tails.

Howard and Ramdas 2022 (Bernoulli 28(3); arXiv 1906.09712), theorem 3: the count of values under
the true p-quantile is never further than this from p t.
"""

from math import exp, log, sqrt

from modelyard.abtest.checks import inside, positive
from modelyard.abtest.special import zeta


def bound(
    p: float, t: float, alpha: float, t_opt: float, *, delta: float = 0.5, s: float = 1.4,
    eta: float = 2.0,
) -> float:  # fmt: skip
    """The distance of the count under the p-quantile from p t, after ``t`` values."""
    inside("p", p), positive("t", t), inside("alpha", alpha), positive("t_opt", t_opt)
    positive("delta", delta), inside("s", s, 1, 100), inside("eta", eta, 1, 100)
    t = max(t, t_opt)
    logit = log(p / (1 - p))
    moved = 1 / (1 + exp(-(logit + 2 * delta * sqrt(t_opt * eta / t))))
    r = p if p >= 0.5 else min(0.5, moved)
    spread = r * (1 - r)
    j = sqrt(t / t_opt) * abs(logit) / (2 * delta) + 1
    z = zeta(s)
    level = s * log(log(eta * t / t_opt)) + s * log(j)
    level += log(2 * z * (2 * z + 1) / (alpha * log(eta) ** s))
    k1 = (eta**0.25 + eta**-0.25) / sqrt(2)
    linear = (sqrt(eta) + 1) / 2 * (1 - 2 * p) / 3 * level
    body = sqrt(k1 * k1 * spread * t * level + linear * linear)
    return delta * sqrt(eta * t * spread / t_opt) + body + linear
