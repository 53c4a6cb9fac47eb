"""
The mixture sequential probability ratio test, as an always valid p-value.

Johari, Koomen, Pekelis and Walsh 2017 (Peeking at A/B tests, KDD) and 2022 (Always valid
inference: continuous monitoring of A/B tests, Operations Research 70(3); arXiv 1512.04922). For a
mean difference d of n pairs, each pair of variance var, mixed over effects ~ Normal(0, τ²)::

    Λ = sqrt(var / (var + n τ²)) exp(n² τ² d² / (2 var (var + n τ²)))
    p = min over all looks of 1 / Λ
"""

from math import log

from modelyard.abtest.checks import at_least, finite, positive
from modelyard.abtest.normal_mixture import p_value


def log_ratio(n: float, effect: float, variance: float, tau2: float) -> float:
    """log Λ of an effect seen in ``n`` pairs."""
    at_least("n", n, 0), finite("effect", effect), positive("tau2", tau2)
    total = positive("variance", variance) + n * tau2
    return 0.5 * log(variance / total) + (n * effect) ** 2 * tau2 / (2 * variance * total)


def running_p(before: float, n: float, effect: float, variance: float, tau2: float) -> float:
    """The p-value after one more look: never above what it was ``before`` (1 at the start)."""
    return min(before, p_value(log_ratio(n, effect, variance, tau2)))
