"""
Sample-ratio mismatch: are users split as was asked?

Lindon and Malek 2022 (Anytime-valid inference for multinomial count data, NeurIPS; arXiv
2011.03567). For counts x and the shares θ asked for, mixed over Dirichlet(k θ)::

    e = B(k θ + x) / B(k θ) / Π θ_i^x_i          B: the multivariate beta function

A mismatch means that something sorts users (a redirect that loses some, a crash before they are
counted): then no other number of the test can be trusted.
"""

from collections.abc import Sequence
from math import lgamma, log, log1p

from modelyard.abtest.checks import count, inside, positive
from modelyard.abtest.special import root
from modelyard.domain.errors import BadInput

K = 100.0
"""How sharply the mixing is centred on the shares asked for; larger finds small drifts sooner."""


def log_e(counts: Sequence[int], shares: Sequence[float], k: float = K) -> float:
    """Log evidence that the counts were not drawn by these shares."""
    thetas = _normed(counts, shares)
    priors = [positive("k", k) * theta for theta in thetas]
    expected = sum(n * log(theta) for n, theta in zip(counts, thetas, strict=True))
    return (
        _log_beta([a + n for a, n in zip(priors, counts, strict=True)])
        - _log_beta(priors)
        - expected
    )


def interval(
    counts: tuple[int, int], shares: tuple[float, float], alpha: float, k: float = K
) -> tuple[float, float]:
    """A confidence sequence for the true share of the first of two arms."""
    inside("alpha", alpha)
    thetas = _normed(counts, shares)
    first, second = counts
    if first + second == 0:
        return 0.0, 1.0
    threshold = log_e(counts, shares, k) - log(1 / alpha)
    asked = first * log(thetas[0]) + second * log(thetas[1])

    def ruled_out(theta: float) -> float:
        if theta in (0.0, 1.0):
            return 1.0
        return threshold + asked - first * log(theta) - second * log1p(-theta)

    middle = first / (first + second)
    low = root(lambda theta: -ruled_out(theta), 0.0, middle) if first else 0.0
    high = root(ruled_out, middle, 1.0) if second else 1.0
    return low, high


def _normed(counts: Sequence[int], shares: Sequence[float]) -> list[float]:
    if len(counts) != len(shares) or len(shares) < 2:
        raise BadInput("counts and shares must be as many, two at least.")
    for n in counts:
        count("counts", n)
    total = sum(positive("shares", share) for share in shares)
    return [share / total for share in shares]


def _log_beta(values: Sequence[float]) -> float:
    return sum(lgamma(value) for value in values) - lgamma(sum(values))
