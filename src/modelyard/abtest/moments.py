"""
Count, mean and squares of values: all that asymptotic methods need of an arm.

Merging follows Chan, Golub and LeVeque 1983 (Algorithms for computing the sample variance): the
same as if all values had come to one place, up to the last bits of a float.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modelyard.abtest.checks import at_least, count, finite


@dataclass(frozen=True, slots=True)
class Moments:
    """``count`` values of ``mean``; ``squares`` is the sum of their squared distances from it."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def __post_init__(self) -> None:
        count("count", self.count), finite("mean", self.mean)
        at_least("squares", self.squares, 0)

    @classmethod
    def of(cls, values: Iterable[float]) -> "Moments":
        """Of values at hand, in one pass (Welford)."""
        n, mean, squares = 0, 0.0, 0.0
        for x in values:
            n += 1
            away = finite("values", x) - mean
            mean += away / n
            squares += away * (x - mean)
        return cls(n, mean, max(squares, 0.0))

    @property
    def variance(self) -> float:
        """The unbiased variance; 0 with fewer than two values."""
        return self.squares / (self.count - 1) if self.count > 1 else 0.0

    def merged(self, other: "Moments") -> "Moments":
        """Of the values of both."""
        if not self.count or not other.count:
            return self if self.count else other
        n = self.count + other.count
        away = other.mean - self.mean
        mean = self.mean + away * other.count / n
        squares = self.squares + other.squares + away * away * self.count * other.count / n
        return Moments(n, mean, squares)

    def state(self) -> dict[str, float]:
        """As plain numbers, to be stored."""
        return {"count": self.count, "mean": self.mean, "squares": self.squares}

    @classmethod
    def from_state(cls, state: Mapping[str, float]) -> "Moments":
        return cls(int(state["count"]), state["mean"], state["squares"])
