"""
The normal mixture bound.

Robbins 1970 (Statistical methods related to the law of the iterated logarithm); as written by
Howard, Ramdas, McAuliffe and Sekhon 2021 (Time-uniform, nonparametric, nonasymptotic confidence
sequences, Annals of Statistics 49(2); arXiv 1810.08240), propositions 4 and 5.

A sum ``s`` with variance process ``v`` is sub-Gaussian when ``exp(λ s - λ² v / 2)`` is a
supermartingale for every λ. Mixed over λ ~ Normal(0, 1/rho) it is::

    two-sided:  M(s, v) = sqrt(rho / (v + rho)) exp(s² / (2 (v + rho)))
    one-sided:  M(s, v) = sqrt(4 rho / (v + rho)) exp(s² / (2 (v + rho))) Φ(s / sqrt(v + rho))

M ever reaches 1/alpha with a probability of at most alpha, whenever one looks.
"""

from math import exp, log, log1p, sqrt

from modelyard.abtest.checks import at_least, finite, inside, positive
from modelyard.abtest.special import log_normal_cdf, root_above
from modelyard.domain.errors import BadInput


def best_rho(v_opt: float, alpha: float, *, one_sided: bool = True) -> float:
    """The rho that makes the bound (nearly) tightest at the variance ``v_opt``."""
    positive("v_opt", v_opt)
    level = 2 * inside("alpha_opt", alpha) if one_sided else inside("alpha_opt", alpha)
    if level >= 1:
        raise BadInput(f"alpha_opt must be under 0.5 for a one-sided bound, not {alpha!r}.")
    return v_opt / (2 * log(1 / level) + log(1 + 2 * log(1 / level)))


def log_mixture(s: float, v: float, rho: float, *, one_sided: bool = True) -> float:
    """log M(s, v)."""
    total = at_least("v", v, 0) + positive("rho", rho)
    base = 0.5 * log(rho / total) + finite("s", s) ** 2 / (2 * total)
    return base + log(2) + log_normal_cdf(s / sqrt(total)) if one_sided else base


def bound(
    v: float, alpha: float, v_opt: float, *, alpha_opt: float = 0.05, one_sided: bool = True
) -> float:
    """The least ``s`` that shows something at level ``alpha`` when the variance is ``v``."""
    threshold = log(1 / inside("alpha", alpha))
    rho = best_rho(v_opt, alpha_opt, one_sided=one_sided)
    if not one_sided:
        return sqrt((at_least("v", v, 0) + rho) * (log1p(v / rho) + 2 * threshold))
    return root_above(lambda s: log_mixture(s, v, rho) - threshold, max(v, 1e-300))


def p_value(log_e: float) -> float:
    """The always valid p-value of a log e-value: 1 / e, 1 at most."""
    return min(1.0, exp(-log_e)) if log_e < 700 else 0.0


def threshold(alpha: float) -> float:
    """The log e-value that shows something at level ``alpha``."""
    return log(1 / inside("alpha", alpha))
