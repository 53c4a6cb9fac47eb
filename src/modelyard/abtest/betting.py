"""
Betting: the tightest of the exact confidence sequences for the mean of values in [0, 1].

Waudby-Smith and Ramdas 2024 (Estimating means of bounded random variables by betting, JRSS B
86(1); arXiv 2010.09686), the hedged capital process. For every candidate mean m of
a grid two gamblers play, one on "it is more", one on "it is less"::

    K+ = Π (1 + min(λ_i, 1/(2 m)) (x_i - m))
    K- = Π (1 - min(λ_i, 1/(2 (1 - m))) (x_i - m))

A mean m is ruled out once max(K+, K-) / 2 exceeds 1/alpha. Each value costs a step per candidate
(1,000 of them: about a millisecond), so this is for thousands of values, not for every request.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, log, sqrt

from modelyard.abtest.checks import inside
from modelyard.domain.errors import BadInput


@dataclass(frozen=True, slots=True)
class Capital:
    """
    Log capital of both gamblers for each candidate mean, and what their bets are made from.

    Capitals of independent streams (two servers) multiply: see ``merged``.
    """

    alpha: float
    breaks: int = 1000
    up: tuple[float, ...] = ()
    down: tuple[float, ...] = ()
    count: int = 0
    total: float = 0.0
    squares: float = 0.25

    def observed(self, values: Iterable[float]) -> "Capital":
        """With more values, in the order in which they came. Raises BadInput outside [0, 1]."""
        inside("alpha", self.alpha)
        if not 2 <= self.breaks <= 1_000_000:
            raise BadInput(f"breaks must be between 2 and 1,000,000, not {self.breaks!r}.")
        means = [k / self.breaks for k in range(self.breaks + 1)]
        up, down = list(self.up or [0.0] * len(means)), list(self.down or [0.0] * len(means))
        count, total, squares = self.count, self.total, self.squares
        for x in values:
            if not 0 <= x <= 1:
                raise BadInput(f"values must lie between 0 and 1, not {x!r}.")
            count += 1
            bet = sqrt(2 * log(2 / self.alpha) / (log(1 + count) * squares))
            _play(means, up, down, x, bet)
            total += x
            squares += (x - (0.5 + total) / (count + 1)) ** 2
        return Capital(self.alpha, self.breaks, tuple(up), tuple(down), count, total, squares)

    def merged(self, other: "Capital") -> "Capital":
        """Of both streams: capitals of independent streams multiply, whatever each bet on."""
        if (self.alpha, self.breaks) != (other.alpha, other.breaks):
            raise BadInput("Capitals of different levels or grids cannot be merged.")
        empty = (0.0,) * (self.breaks + 1)
        up = tuple(a + b for a, b in zip(self.up or empty, other.up or empty, strict=True))
        down = tuple(a + b for a, b in zip(self.down or empty, other.down or empty, strict=True))
        squares = self.squares + other.squares - 0.25
        total, count = self.total + other.total, self.count + other.count
        return Capital(self.alpha, self.breaks, up, down, count, total, squares)

    def interval(self) -> tuple[float, float]:
        """The candidates not ruled out now, one step of the grid wider on both sides."""
        if not self.up:
            return 0.0, 1.0
        threshold = log(2 / self.alpha)
        pairs = enumerate(zip(self.up, self.down, strict=True))
        left = [k for k, (up, down) in pairs if max(up, down) <= threshold]
        if not left:
            return 0.0, 1.0
        step = 1 / self.breaks
        return max(0.0, left[0] * step - step), min(1.0, left[-1] * step + step)


def _play(means: list[float], up: list[float], down: list[float], x: float, bet: float) -> None:
    for k, m in enumerate(means):
        won = 1 + min(bet, 0.5 / m if m else inf) * (x - m)
        up[k] += log(won) if won > 0 else -inf
        won = 1 - min(bet, 0.5 / (1 - m) if m < 1 else inf) * (x - m)
        down[k] += log(won) if won > 0 else -inf
