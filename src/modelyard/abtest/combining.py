"""
Several tests at once, several days in a row.

- ``split``: Bonferroni; all of several claims are wrong with at most alpha together.
- ``e_bh``: Wang and Ramdas 2022 (False discovery rate control with e-values, JRSS B 84(3)): of
  the claims made, a share of alpha is wrong on average, however the tests depend on each other.
- ``product`` of evidence that is independent or one after the other, ``mean`` of evidence that is
  not: Vovk and Wang 2021 (E-values: calibration, combination and applications, Annals of
  Statistics 49(3)).
"""

from collections.abc import Mapping, Sequence
from math import exp, fsum, inf, log

from modelyard.abtest.checks import inside, positive
from modelyard.domain.errors import BadInput


def split(alpha: float, weights: Mapping[str, float]) -> dict[str, float]:
    """``alpha`` shared out by weight, so that the parts sum up to it."""
    inside("alpha", alpha)
    total = fsum(positive("weights", weight) for weight in weights.values())
    return {name: alpha * weight / total for name, weight in weights.items()}


def e_bh(log_es: Sequence[float], alpha: float) -> list[int]:
    """Positions of the claims to make: the k largest, e >= n / (k alpha), k as large as can be."""
    inside("alpha", alpha)
    _numbers(log_es)
    order = sorted(range(len(log_es)), key=lambda i: -log_es[i])
    total = len(order)
    made = [k for k in range(1, total + 1) if log_es[order[k - 1]] >= log(total / (k * alpha))]
    return sorted(order[: max(made, default=0)])


def product(log_es: Sequence[float]) -> float:
    """Log of the product: for independent tests, or parts of one test after another."""
    _numbers(log_es)
    return -inf if -inf in log_es else fsum(log_es)


def mean(log_es: Sequence[float]) -> float:
    """Log of the mean: evidence that not all hypotheses hold, also for dependent tests."""
    _numbers(log_es)
    if not log_es:
        return 0.0
    most = max(log_es)
    return most if most == -inf else most + log(fsum(exp(e - most) for e in log_es) / len(log_es))


def kept(log_e: float, reserve: float = 0.25) -> float:
    """
    Log of ``reserve + (1 - reserve) e``: evidence still, and never less than the reserve.

    For parts of one test after another: a part with too few data cannot ruin the product.
    """
    inside("reserve", reserve)
    if log_e > 700:
        return log_e + log(1 - reserve)
    return log(reserve + (1 - reserve) * exp(log_e))


def _numbers(log_es: Sequence[float]) -> None:
    if any(not value < inf for value in log_es):
        raise BadInput("log_es must be numbers below infinity.")
