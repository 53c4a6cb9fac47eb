"""What was measured, and the numbers that are made of it: pure."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple


class Case(NamedTuple):
    """What is asked: a model, rows in a body, connections at once."""

    kind: str
    rows: int
    connections: int


@dataclass(frozen=True)
class Sample:
    """
    One run of a server: ``rate`` in requests a second, times in milliseconds.

    ``processor`` is what the server spent on a request; a busy machine changes it least.
    """

    server: str
    case: Case
    round: int
    rate: float
    p50: float
    p99: float
    failed: dict[str, int] = field(default_factory=dict)
    processor: float = 0.0


@dataclass
class Weight:
    """What a server costs beside time; ``problem`` says why it did not run."""

    server: str
    kind: str
    memory: int = 0
    ready: list[float] = field(default_factory=list)
    packages: int = 0
    problem: str = ""


def rate_of(sample: Sample) -> float:
    """Requests a second."""
    return sample.rate


class Ratio(NamedTuple):
    """A median of ratios of interleaved runs, with the least and the greatest."""

    median: float
    low: float
    high: float


@dataclass
class Results:
    """Everything that one call of the benchmark measured."""

    samples: list[Sample] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)

    def of(self, server: str, case: Case) -> list[Sample]:
        """The runs of a server, by round."""
        found = [s for s in self.samples if s.server == server and s.case == case]
        return sorted(found, key=lambda sample: sample.round)

    def has(self, server: str, case: Case, round: int) -> bool:
        """Whether this run was measured."""
        return any(s.round == round for s in self.of(server, case))

    def weight(self, server: str, kind: str) -> Weight:
        """What it cost; made at the first call."""
        for weight in self.weights:
            if (weight.server, weight.kind) == (server, kind):
                return weight
        self.weights.append(Weight(server, kind))
        return self.weights[-1]

    def put(self, weight: Weight) -> None:
        """Instead of what was known of this server with this model."""
        known = self.weight(weight.server, weight.kind)
        self.weights[self.weights.index(known)] = weight

    def rate(self, server: str, case: Case) -> float | None:
        """The median rate; None where it was not measured."""
        return median(sample.rate for sample in self.of(server, case))

    def ratio(
        self, ours: str, theirs: str, case: Case, speed: Callable[[Sample], float] = rate_of
    ) -> Ratio | None:
        """How many times faster ``ours`` is: by runs of the same round."""
        mine = {s.round: speed(s) for s in self.of(ours, case)}
        other = {s.round: speed(s) for s in self.of(theirs, case)}
        return ratio_of([(mine[n], other[n]) for n in sorted(mine.keys() & other.keys())])

    def plain(self) -> dict[str, Any]:
        """As JSON knows it."""
        return asdict(self)


def read(data: dict[str, Any]) -> Results:
    """The opposite of ``plain``."""
    samples = [Sample(**{**s, "case": Case(*s["case"])}) for s in data["samples"]]
    return Results(samples, [Weight(**w) for w in data["weights"]], data["facts"])


def median(values: Iterable[float]) -> float | None:
    """None for no values."""
    found = list(values)
    return statistics.median(found) if found else None


def ratio_of(pairs: Sequence[tuple[float, float]]) -> Ratio | None:
    """The median of the pairs' ratios and their spread; None where nothing can be compared."""
    ratios = [mine / other for mine, other in pairs if other > 0]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios)) if ratios else None
