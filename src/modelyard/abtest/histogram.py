"""
Counts of values in bins whose width grows with the value: quantiles in bounded memory.

The bins of DDSketch (Masson, Rim and Lee 2019, VLDB 12(12); arXiv 1908.10693): bin i holds the
values in (g^(i-1), g^i], g = (1 + ε)/(1 - ε), so an edge is never further than 2 ε of a value
from it. Counts at edges are exact, and bins of the same ε merge exactly by adding. With
ε = 0.5 % at most 3,460 bins hold all from 1e-6 to 1e9; latencies of a service fill some hundreds.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, inf, log

from modelyard.abtest.checks import at_least, count, inside
from modelyard.domain.errors import BadInput

LEAST, MOST = 1e-6, 1e9
"""Values at or under the first share the lowest bin, values above the second the highest."""


@dataclass(frozen=True, slots=True)
class Steps:
    """
    What is known of an empirical distribution: ``at[i]`` values are <= ``edges[i]``.

    ``exact`` says that the edges are the values themselves; else a value of edge i lies anywhere
    between edge ``lows[i]`` (not included) and its own.
    """

    edges: tuple[float, ...]
    lows: tuple[float, ...]
    at: tuple[int, ...]
    exact: bool

    @property
    def count(self) -> int:
        """Of how many values."""
        return self.at[-1] if self.at else 0

    def up_to(self, x: float) -> int:
        """How many values are certainly <= x."""
        i = bisect_right(self.edges, x)
        return self.at[i - 1] if i else 0

    def under(self, x: float) -> int:
        """How many values are certainly < x; bins that end at x count, as x lies in the next."""
        if not self.exact:
            return self.up_to(x)
        i = bisect_left(self.edges, x)
        return self.at[i - 1] if i else 0

    def quantile(self, p: float) -> float:
        """The least edge with a share of ``p`` of the values up to it; NaN-free: 0 if empty."""
        if not self.at:
            return 0.0
        i = bisect_left(self.at, inside("p", p) * self.count)
        return self.edges[min(i, len(self.edges) - 1)]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts per bin; ``error`` is ε. Values are >= 0: latencies, sizes."""

    error: float = 0.005
    bins: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        inside("error", self.error)
        for number in self.bins.values():
            count("bins", number)

    @property
    def count(self) -> int:
        """How many values it holds."""
        return sum(self.bins.values())

    def observed(self, values: Iterable[float]) -> "Histogram":
        """With more values, in any order."""
        bins = dict(self.bins)
        width = self._width()
        for x in values:
            at_least("values", x, 0)
            i = ceil(log(min(max(x, LEAST), MOST * 2)) / width)
            i = min(max(i, self._first()), self._last())
            bins[i] = bins.get(i, 0) + 1
        return Histogram(self.error, bins)

    def merged(self, other: "Histogram") -> "Histogram":
        """Of the values of both, exactly."""
        if self.error != other.error:
            raise BadInput("Histograms of different errors cannot be merged.")
        bins = dict(self.bins)
        for i, number in other.bins.items():
            bins[i] = bins.get(i, 0) + number
        return Histogram(self.error, bins)

    def steps(self) -> Steps:
        """The empirical distribution at the bins' edges."""
        indices = sorted(i for i, number in self.bins.items() if number)
        growth = (1 + self.error) / (1 - self.error)
        edges = tuple(inf if i >= self._last() else growth**i for i in indices)
        lows = tuple(-inf if i <= self._first() else growth ** (i - 1) for i in indices)
        total, at = 0, []
        for i in indices:
            total += self.bins[i]
            at.append(total)
        return Steps(edges, lows, tuple(at), exact=False)

    def _width(self) -> float:
        return log((1 + self.error) / (1 - self.error))

    def _first(self) -> int:
        return ceil(log(LEAST) / self._width())

    def _last(self) -> int:
        return ceil(log(MOST) / self._width()) + 1

    def state(self) -> dict[str, float]:
        """As plain numbers, to be stored: counts by the bin's number."""
        return {"error": self.error, **{str(i): number for i, number in self.bins.items()}}

    @classmethod
    def from_state(cls, state: Mapping[str, float]) -> "Histogram":
        bins = {int(i): int(number) for i, number in state.items() if i != "error"}
        return cls(state["error"], bins)


def stored(values: Iterable[float]) -> Steps:
    """The exact empirical distribution of values at hand."""
    kept = sorted(values)
    edges: list[float] = []
    at: list[int] = []
    for i, x in enumerate(kept, 1):
        at_least("values", x, -inf)
        if edges and edges[-1] == x:
            at[-1] = i
        else:
            edges.append(x)
            at.append(i)
    return Steps(tuple(edges), tuple(edges), tuple(at), exact=True)
