"""
Asymptotic confidence sequences: means of anything with a finite variance, and their differences.

Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024 (Time-uniform central limit theory and
asymptotic confidence sequences, Annals of Statistics 52(6); arXiv 2103.06476); for A/B tests
Maharaj et al. 2023 (Anytime-valid confidence sequences in an enterprise A/B testing platform,
arXiv 2302.10108)::

    half width = sqrt(var) sqrt(2 (n rho² + 1) / (n² rho²) log(sqrt(n rho² + 1) / alpha))
    rho² = (-2 log alpha + log(-2 log alpha + 1)) / n_opt      (tightest near n_opt values)

It is the normal mixture with an estimated variance: valid as the central limit theorem is, so not
for the first values. ``BURN_IN`` of each arm must have been seen before anything is concluded;
for rates under a percent use ``two_rates`` instead.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import log, sqrt

from modelyard.abtest import normal_mixture
from modelyard.abtest.checks import at_least, finite, inside, positive
from modelyard.abtest.moments import Moments

BURN_IN = 100
"""Values of each arm before an asymptotic method says anything."""

N_OPT = 5000.0
"""Values of both arms together where bounds are tightest, unless said otherwise."""


def best_rho2(alpha: float, n_opt: float) -> float:
    """The rho² that is tightest near ``n_opt`` values."""
    level = -2 * log(inside("alpha", alpha))
    return (level + log(level + 1)) / positive("n_opt", n_opt)


def half_width(n: float, variance: float, alpha: float, rho2: float) -> float:
    """Half the width of the confidence sequence for a mean of ``n`` values."""
    positive("n", n), at_least("variance", variance, 0), inside("alpha", alpha)
    scaled = n * positive("rho2", rho2) + 1
    return sqrt(variance) * sqrt(2 * scaled / (n * n * rho2) * log(sqrt(scaled) / alpha))


@dataclass(frozen=True, slots=True)
class Difference:
    """
    An estimated difference: ``effect`` with the variance ``square_error`` from ``n`` values.

    ``ready`` says that every arm has passed the burn-in.
    """

    effect: float = 0.0
    square_error: float = 0.0
    n: int = 0
    ready: bool = False


def difference(control: Moments, candidate: Moments, factor: float = 1.0) -> Difference:
    """Mean of ``candidate`` less ``factor`` times the mean of ``control``."""
    least = min(control.count, candidate.count)
    if least < 2:
        return Difference(n=control.count + candidate.count)
    error = candidate.variance / candidate.count + factor**2 * control.variance / control.count
    effect = candidate.mean - factor * control.mean
    return Difference(effect, error, control.count + candidate.count, least >= BURN_IN)


def stratified(parts: Iterable[Difference]) -> Difference:
    """
    The difference over the steps of a rollout, weighted by what each step tells.

    Pooling all values of an arm would compare different days when the shares change on the way;
    within a step both arms see the same days. Steps within the burn-in, and steps where nothing
    varied, are left out.
    """
    used = [part for part in parts if part.ready and part.square_error > 0]
    if not used:
        return Difference()
    told = sum(1 / part.square_error for part in used)
    effect = sum(part.effect / part.square_error for part in used) / told
    return Difference(effect, 1 / told, sum(part.n for part in used), True)


def interval(found: Difference, alpha: float, *, n_opt: float = N_OPT) -> tuple[float, float]:
    """The two-sided confidence sequence of a difference; everything before the burn-in."""
    if not found.ready:
        return float("-inf"), float("inf")
    variance = found.square_error * found.n
    half = half_width(found.n, variance, alpha, best_rho2(alpha, n_opt))
    return found.effect - half, found.effect + half


def log_e(
    found: Difference, margin: float = 0.0, *, alpha: float = 0.05, n_opt: float = N_OPT
) -> float:
    """Log evidence that the difference is above ``margin``; one-sided normal mixture."""
    finite("margin", margin)
    if not found.ready or found.square_error <= 0:
        return 0.0
    # in units of one value's standard deviation: the variance process is then the number of values
    s = (found.effect - margin) / sqrt(found.square_error) * sqrt(found.n)
    rho = normal_mixture.best_rho(n_opt, min(alpha, 0.4))
    return normal_mixture.log_mixture(s, found.n, rho)
