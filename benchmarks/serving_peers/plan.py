"""What shall be measured: pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.serving_peers.base import KINDS, Peer
from benchmarks.serving_peers.goals import NAMED
from benchmarks.serving_peers.results import Case

LOOP = "loop"
"""The second floor: the model called in a loop, without any server."""

BRIEF_ROWS = 100
"""The largest body in a brief plan, but where a goal names a larger."""

CLIENT_SECONDS, START_SECONDS = 0.4, 6.0
"""About what starting the client and starting a server takes."""


@dataclass(frozen=True)
class Plan:
    """
    Each of ``peers`` on each case, ``rounds`` times in turns, ``seconds`` each time.

    ``starts`` is how often each is started alone, to be weighed. A ``brief`` plan has all rounds
    only for the cases that a goal names and one for the others, of which it leaves out those that
    take longest; it weighs with the first model only.
    """

    peers: Sequence[Peer]
    kinds: Sequence[str] = KINDS
    rows: Sequence[int] = (1, 100, 10_000)
    connections: Sequence[int] = (1, 16, 64)
    rounds: int = 5
    seconds: float = 2.0
    starts: int = 1
    loop: bool = True
    brief: bool = False

    def cases(self, kind: str) -> list[Case]:
        """All that one model is asked: what goals name, then small bodies first."""
        found = [Case(kind, rows, count) for rows in self.rows for count in self.connections]
        found.sort(key=lambda case: case not in NAMED)
        return [case for case in found if not self.brief or self._in_brief(case)]

    def _in_brief(self, case: Case) -> bool:
        if case in NAMED:
            return True
        if case.rows > BRIEF_ROWS:
            return False
        return case.kind == KINDS[0] or case.connections == self.middle

    @property
    def middle(self) -> int:
        """The number of connections in the middle."""
        return self.connections[len(self.connections) // 2]

    def rounds_of(self, case: Case) -> int:
        """How often a case is measured."""
        return self.rounds if case in NAMED or not self.brief else 1

    def weighs(self, kind: str) -> bool:
        """Whether its servers are started alone too."""
        return not self.brief or kind == self.kinds[0]

    def for_kind(self, kind: str) -> list[Peer]:
        """The servers that can serve this model."""
        return [peer for peer in self.peers if kind in peer.kinds]

    def minutes(self) -> float:
        """About how long it takes, starts included."""
        seconds = 0.0
        for kind in self.kinds:
            runs = sum(self.rounds_of(case) for case in self.cases(kind))
            starts = 1 + self.starts * self.weighs(kind)
            each = runs * (self.seconds + CLIENT_SECONDS) + starts * START_SECONDS
            seconds += len(self.for_kind(kind)) * each
        return seconds / 60


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
