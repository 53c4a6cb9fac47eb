"""
Confidence sequences for the mean of values in [0, 1] by predictable plug-in.

Waudby-Smith and Ramdas 2024 (Estimating means of bounded random variables by betting, JRSS B
86(1); arXiv 2010.09686), the predictable plug-in empirical Bernstein and Hoeffding bounds. With
bets λ_i that depend on the past alone::

    lower = Σ λ_i x_i / Σ λ_i - (log(1/alpha) + Σ v_i ψ(λ_i)) / Σ λ_i

    empirical Bernstein: v_i = (x_i - mean before i)², ψ(λ) = -log(1 - λ) - λ, λ <= 1/2
    Hoeffding:           v_i = 1, ψ(λ) = λ² / 8, λ <= 1

and the upper bound by the same of 1 - x, each side at alpha/2. The sums go up with each value,
so a sequence is a handful of numbers however long it gets; its values must come one by one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf, log, log1p, sqrt

from modelyard.abtest.checks import inside
from modelyard.domain.errors import BadInput


@dataclass(frozen=True, slots=True)
class Sequence:
    """
    The running bounds after the values so far.

    ``weights`` is Σλ, ``weighted`` Σλx, ``spent`` and ``spent_high`` Σvψ of either side; ``low``
    and ``high`` are the tightest of all looks so far.
    """

    alpha: float
    bernstein: bool = True
    count: int = 0
    total: float = 0.0
    squares: float = 0.25
    weights: float = 0.0
    weighted: float = 0.0
    spent: float = 0.0
    spent_high: float = 0.0
    low: float = -inf
    high: float = inf

    def observed(self, values: Iterable[float]) -> "Sequence":
        """With more values, in the order in which they came. Raises BadInput outside [0, 1]."""
        inside("alpha", self.alpha)
        now = self
        for x in values:
            if not 0 <= x <= 1:
                raise BadInput(f"values must lie between 0 and 1, not {x!r}.")
            now = now._with(x)
        return now

    def _with(self, x: float) -> "Sequence":
        n = self.count + 1
        bet = self._bet(n)
        mean = (0.5 + self.total + x) / (n + 1)
        low_cost, high_cost = self._costs(x, bet)
        weights, weighted = self.weights + bet, self.weighted + bet * x
        spent, spent_high = self.spent + low_cost, self.spent_high + high_cost
        level = log(2 / self.alpha)
        return replace(
            self,
            count=n,
            total=self.total + x,
            squares=self.squares + (x - mean) ** 2,
            weights=weights,
            weighted=weighted,
            spent=spent,
            spent_high=spent_high,
            low=max(self.low, (weighted - level - spent) / weights),
            high=min(self.high, (weighted + level + spent_high) / weights),
        )

    def _bet(self, n: int) -> float:
        level = log(2 / self.alpha)
        if self.bernstein:
            return min(0.5, sqrt(2 * level / (n * log(1 + n) * self.squares / n)))
        return min(1.0, sqrt(8 * level / (n * log(1 + n))))

    def _costs(self, x: float, bet: float) -> tuple[float, float]:
        if not self.bernstein:
            return bet * bet / 8, bet * bet / 8
        price = -log1p(-bet) - bet
        # before the first value each side predicts its own lower end: 0 for x, and 0 for 1 - x
        before = self.total / self.count if self.count else 0.0
        before_high = self.total / self.count if self.count else 1.0
        return (x - before) ** 2 * price, (x - before_high) ** 2 * price


def interval(
    values: Iterable[float], alpha: float, *, bernstein: bool = True
) -> tuple[float, float]:
    """Bounds of the mean after all of ``values``, cut to [0, 1]."""
    found = Sequence(alpha, bernstein).observed(values)
    return max(0.0, found.low), min(1.0, found.high)
