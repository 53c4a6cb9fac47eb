"""What shall be measured: pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.serving_peers.base import KINDS, Peer
from benchmarks.serving_peers.results import Case

LOOP = "loop"
"""The second floor: the model called in a loop, without any server."""


@dataclass(frozen=True)
class Plan:
    """
    Each of ``peers`` on each case, ``rounds`` times in turns, ``seconds`` each time.

    ``starts`` is how often each is started alone, to be weighed.
    """

    peers: Sequence[Peer]
    kinds: Sequence[str] = KINDS
    rows: Sequence[int] = (1, 100, 10_000)
    connections: Sequence[int] = (1, 16, 64)
    rounds: int = 5
    seconds: float = 2.0
    starts: int = 1
    loop: bool = True

    def cases(self, kind: str) -> list[Case]:
        """All that one model is asked, small bodies first."""
        return [Case(kind, rows, count) for rows in self.rows for count in self.connections]

    def for_kind(self, kind: str) -> list[Peer]:
        """The servers that can serve this model."""
        return [peer for peer in self.peers if kind in peer.kinds]

    def minutes(self) -> float:
        """About how long it takes, starts included."""
        runs = sum(len(self.for_kind(kind)) * len(self.cases(kind)) for kind in self.kinds)
        starts = sum(len(self.for_kind(kind)) * (self.starts + 1) for kind in self.kinds)
        return (runs * self.rounds * (self.seconds + 0.4) + starts * 8) / 60


def chosen(peers: Sequence[Peer], names: str) -> list[Peer]:
    """The peers of a list like 'ours,kserve'; '' is all. Raises ValueError for unknown ones."""
    if not names:
        return list(peers)
    wanted = [name.strip() for name in names.split(",")]
    known = {peer.key: peer for peer in peers}
    unknown = [name for name in wanted if name not in known and name != LOOP]
    if unknown:
        raise ValueError(f"No such server: {', '.join(unknown)}. There are {', '.join(known)}.")
    return [known[name] for name in wanted if name in known]


def numbers(text: str) -> tuple[int, ...]:
    """'1,16' as numbers. Raises ValueError for what is none."""
    return tuple(int(part) for part in text.split(","))
