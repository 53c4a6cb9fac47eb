"""
Means of values with known bounds, exact at every sample size, from sums that merge.

Howard, Ramdas, McAuliffe and Sekhon 2021 (Annals of Statistics 49(2); arXiv 1810.08240), theorem
4: with any prediction made before each value,  V = Σ (x_i - predicted_i)²  is a variance process
for Σ (x_i - mean), of scale c = high - low, and the gamma-exponential mixture bounds it. Each
server predicts by the mean of its own values so far; V of several servers add up, for
supermartingales of independent streams multiply. Wider than ``asymptotic``, which needs no bounds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modelyard.abtest import gamma_exponential
from modelyard.abtest.checks import at_least, count, finite, inside
from modelyard.abtest.normal_mixture import best_rho
from modelyard.abtest.special import minimum
from modelyard.domain.errors import BadInput


@dataclass(frozen=True, slots=True)
class Sums:
    """``count`` values between ``low`` and ``high``, their ``total`` and variance process."""

    low: float = 0.0
    high: float = 1.0
    count: int = 0
    total: float = 0.0
    variation: float = 0.0

    def __post_init__(self) -> None:
        if finite("low", self.low) >= finite("high", self.high):
            raise BadInput(f"low must be under high: {self.low!r}, {self.high!r}.")
        count("count", self.count), finite("total", self.total)
        at_least("variation", self.variation, 0)

    @property
    def mean(self) -> float:
        """The mean; the middle of the bounds without values."""
        return self.total / self.count if self.count else (self.low + self.high) / 2

    def observed(self, values: Iterable[float]) -> "Sums":
        """With more values, in the order they came. Raises BadInput outside the bounds."""
        n, total, variation = self.count, self.total, self.variation
        for x in values:
            if not self.low <= x <= self.high:
                raise BadInput(f"values must lie between {self.low} and {self.high}, not {x!r}.")
            predicted = total / n if n else (self.low + self.high) / 2
            variation += (x - predicted) ** 2
            total += x
            n += 1
        return Sums(self.low, self.high, n, total, variation)

    def merged(self, other: "Sums") -> "Sums":
        """Of both streams."""
        if (self.low, self.high) != (other.low, other.high):
            raise BadInput("Sums of different bounds cannot be merged.")
        n, total = self.count + other.count, self.total + other.total
        return Sums(self.low, self.high, n, total, self.variation + other.variation)

    def state(self) -> dict[str, float]:
        """As plain numbers, to be stored."""
        names = ("low", "high", "count", "total", "variation")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_state(cls, state: Mapping[str, float]) -> "Sums":
        numbers = (state["low"], state["high"], int(state["count"]))
        return cls(*numbers, state["total"], state["variation"])


def interval(sums: Sums, alpha: float, *, v_opt: float | None = None) -> tuple[float, float]:
    """The two-sided confidence sequence for the mean, cut to the bounds."""
    if not sums.count:
        return sums.low, sums.high
    scale = sums.high - sums.low
    v_opt = v_opt or _v_opt(scale)
    half = gamma_exponential.bound(
        sums.variation, inside("alpha", alpha) / 2, v_opt, c=scale, alpha_opt=alpha / 2
    )
    half /= sums.count
    return max(sums.low, sums.mean - half), min(sums.high, sums.mean + half)


def difference(control: Sums, candidate: Sums, alpha: float) -> tuple[float, float]:
    """The confidence sequence for the difference of the means: both arms' at half the level."""
    low0, high0 = interval(control, alpha / 2)
    low1, high1 = interval(candidate, alpha / 2)
    return low1 - high0, high1 - low0


def log_e(control: Sums, candidate: Sums, margin: float = 0.0, *, factor: float = 1.0) -> float:
    """
    Log evidence that the candidate's mean is above ``factor`` times the control's plus ``margin``.

    The least product of both arms' evidence over every mean that the control may have: convex, as
    each is a mixture of exponentials.
    """
    if not control.count or not candidate.count:
        return 0.0
    scale0, scale1 = control.high - control.low, candidate.high - candidate.low
    rho0, rho1 = best_rho(_v_opt(scale0), 0.05), best_rho(_v_opt(scale1), 0.05)

    def at(mean0: float) -> float:
        s0 = control.count * (mean0 - control.mean)
        s1 = candidate.count * (candidate.mean - factor * mean0 - margin)
        first = gamma_exponential.log_mixture(s0, control.variation, rho0, scale0)
        second = gamma_exponential.log_mixture(s1, candidate.variation, rho1, scale1)
        return first + second

    return minimum(at, control.low, control.high)[1]


def _v_opt(scale: float) -> float:
    # tightest near 1,000 values of a variance of a tenth of the greatest possible
    return 25 * scale * scale


def conjugate_interval(values: Iterable[float], alpha: float, v_opt: float) -> tuple[float, float]:
    """The same from a list of values in [0, 1], each side at a quarter of the level (confseq)."""
    sums = Sums().observed(values)
    if not sums.count:
        return 0.0, 1.0
    level = inside("alpha", alpha) / 4
    half = gamma_exponential.bound(sums.variation, level, v_opt, alpha_opt=level) / sums.count
    return max(0.0, sums.mean - half), min(1.0, sums.mean + half)
