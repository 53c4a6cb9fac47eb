"""What must hold, and whether it does: pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.serving_peers.base import Peer
from benchmarks.serving_peers.results import Case, Ratio, Results, median

MB = 2**20

PLAIN, BATCHED, GATEWAY, LARGE = "ours", "ours-batch", "ours-gateway", "ours-nocode"
"""Which of our modes each goal is about."""

SMALL, LOT, SINGLE = Case("linear", 1, 16), Case("linear", 1, 64), Case("linear", 1, 1)
BIG = Case("linear", 10_000, 1)
NAMED = (SMALL, LOT, SINGLE, BIG)
"""The cases that goals are about."""


@dataclass(frozen=True)
class Goal:
    """
    ``found`` with its spread against ``target``; below ``least`` it is a failure, not a miss.

    ``most`` turns it round: the number must not be above ``target``.
    """

    text: str
    found: Ratio | None
    target: float
    least: float
    unit: str = "times"
    most: bool = False
    against: str = ""

    @property
    def verdict(self) -> str:
        """'met', 'missed', 'FAILED' or 'not measured'."""
        if self.found is None:
            return "not measured"
        value, target, least = self.found.median, self.target, self.least
        if self.most:
            value, target, least = -value, -target, -least
        if value >= target:
            return "met"
        return "missed" if value >= least else "FAILED"


def goals(results: Results, peers: Sequence[Peer]) -> list[Goal]:
    """All that the page promises, with what was found."""
    frameworks = [p.key for p in peers if p.framework]
    servers = [p.key for p in peers if not (p.ours or p.floor or p.framework)]
    return [
        _times(results, "plain run(), 16 connections, of Azure's server", PLAIN, ["azureml"],
               SMALL, 5.0, 4.4),
        _times(results, "plain run(), 16 connections, of the best model server", PLAIN, servers,
               SMALL, 4.0, 3.5),
        _times(results, "batched, 64 connections, of the best model server", BATCHED, servers,
               LOT, 12.0, 10.4),
        _times(results, "plain run(), 16 connections, of FastAPI by hand", PLAIN, frameworks,
               SMALL, 1.0, 1.0),
        _times(results, "batched, 64 connections, of FastAPI by hand", BATCHED, frameworks,
               LOT, 1.0, 1.0),
        _times(results, "through the gateway with a key, of direct, 16 connections", GATEWAY,
               [PLAIN], SMALL, 0.9, 0.9),
        _waiting(results, "p50 with one connection", SINGLE, 0.48),
        _times(results, "p50 with one connection, of the least of a model server's", PLAIN,
               servers, SINGLE, 1.0, 1.0, "p50"),
        _times(results, "10,000 rows of JSON, of the best peer", LARGE, servers + frameworks,
               BIG, 3.0, 3.0),
        _fact(results.facts, "ready, above a bare process", "ready", "_s", 0.7, 1.0, "s"),
        _fact(results.facts, "memory, above a bare process", "memory", "", 60.0, MB, "MB"),
    ]  # fmt: skip


def best(results: Results, keys: Sequence[str], case: Case, by: str) -> str | None:
    """The peer that is ahead of the others in this case; None where none was measured."""
    found: dict[str, float] = {}
    for key in keys:
        value = median(_speed(sample, by) for sample in results.of(key, case))
        if value is not None:
            found[key] = value
    return max(found, key=lambda key: found[key]) if found else None


def _speed(sample: object, by: str) -> float:
    """What is compared, so that more is better."""
    value: float = getattr(sample, by)
    return value if by == "rate" else 1 / value if value else 0.0


def _times(
    results: Results, text: str, ours: str, theirs: Sequence[str], case: Case,
    target: float, least: float, by: str = "rate",
) -> Goal:  # fmt: skip
    against = best(results, theirs, case, by)
    speed: Callable[[object], float] = lambda sample: _speed(sample, by)  # noqa: E731
    found = results.ratio(ours, against, case, speed) if against else None
    return Goal(text, found, target, least, against=against or "")


def _waiting(results: Results, text: str, case: Case, target: float) -> Goal:
    times = [sample.p50 for sample in results.of(PLAIN, case)]
    middle = median(times)
    found = None if middle is None else Ratio(middle, min(times), max(times))
    return Goal(text, found, target, target, "ms", most=True)


def _fact(
    facts: Mapping[str, float], text: str, name: str, end: str, target: float, scale: float,
    unit: str,
) -> Goal:  # fmt: skip
    parts = [facts.get(f"{name}{tail}") for tail in (end, "_low", "_high")]
    found = None if None in parts else Ratio(*(float(p or 0.0) / scale for p in parts))
    return Goal(text, found, target, target, unit, most=True)
