"""Whose processes are on a card."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from modelyard.collector.gpu.card import Card
from modelyard.collector.measures import Measure
from modelyard.telemetry.ingest import Origin


def aliases(pid: int) -> tuple[int, ...]:
    """The pids that the process has in the namespaces inside of ours, outermost first."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc", str(pid), "status").read_bytes().splitlines():
            if line.startswith(b"NSpid:"):
                return tuple(map(int, line.split()[2:]))
    return ()


class Matching:
    """Finds the service versions of processes that a card names."""

    def __init__(
        self, pids: Mapping[int, Origin], inner: Callable[[int], Iterable[int]] = aliases
    ):
        """
        ``pids`` are the processes of services; ``inner`` gives the pids that one of them has in
        containers, by which a driver inside of one names it.
        """
        self._pids = pids
        self._inner = inner
        self._by_inner: dict[int, Origin | None] | None = None

    def owner(self, pid: int) -> Origin | None:
        """None for a process of nobody's, or of two containers."""
        found = self._pids.get(pid)
        if found is not None:
            return found
        if self._by_inner is None:  # only asked for when a pid is strange
            self._by_inner = {}
            for known, origin in self._pids.items():
                for inner in self._inner(known):
                    same = self._by_inner.get(inner, origin) == origin
                    self._by_inner[inner] = origin if same else None
        return self._by_inner.get(pid)


def shares(card: Card, matching: Matching, attributes: Mapping[str, str]) -> list[Measure]:
    """What each service version has of a card."""
    memory: dict[Origin, int] = {}
    busy: dict[Origin, float] = {}
    for use in card.uses:
        origin = matching.owner(use.pid)
        if origin is None:
            continue
        memory[origin] = memory.get(origin, 0) + (use.memory or 0)
        if use.share is not None:
            busy[origin] = busy.get(origin, 0.0) + use.share
    found = [
        Measure("GPU", "ml.gpu.memory.usage", size, "By", card.id, attributes, origin)
        for origin, size in memory.items()
    ]
    found += [
        Measure("GPU", "ml.gpu.utilization", min(share, 1.0), "1", card.id, attributes, origin)
        for origin, share in busy.items()
    ]
    return found
