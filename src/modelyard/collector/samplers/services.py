"""Processes of service versions: fronts with their workers."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psutil

from modelyard.collector.measures import Measure
from modelyard.collector.samplers.readings import Reading, pss, read
from modelyard.collector.samplers.trees import Parents, trees
from modelyard.telemetry.ingest import Origin
from modelyard.telemetry.records import About

PSS_SHARE = 0.002
"""Of one core, what finding out shared memory may cost."""


@dataclass(slots=True)
class _Totals:
    """Of one service version, over processes that live and that lived."""

    cpu: float = 0.0
    read: int = 0
    written: int = 0
    last: dict[int, Reading] = field(default_factory=dict)


class Services:
    """Looks at the processes of all services."""

    def __init__(
        self,
        fronts: Callable[[], Iterable[About]],
        parents: Parents | None = None,
        cores: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``fronts`` are the heads of the rings there are; ``clock`` is monotonic."""
        self._fronts = fronts
        self._parents = parents or Parents()
        self._cores = cores or psutil.cpu_count() or 1
        self._clock = clock
        self._totals: dict[Origin, _Totals] = {}
        self._pss: dict[int, int] = {}
        self._pss_next: dict[int, float] = {}
        self._looked = 0.0
        self.pids: Mapping[int, Origin] = {}

    def look(self) -> list[Measure]:
        """All measures now; ``pids`` then says which process belongs to whom."""
        now = self._clock()
        members = self._members()
        self.pids = {pid: origin for origin, pids in members.items() for pid in pids}
        self._forget(members)
        elapsed, self._looked = now - self._looked if self._looked else 0.0, now
        measures: list[Measure] = []
        for origin, pids in members.items():
            readings = [r for r in map(read, pids) if r is not None]
            if readings:
                totals = self._totals.setdefault(origin, _Totals())
                measures += self._measures(origin, totals, readings, elapsed)
        return measures

    def _members(self) -> dict[Origin, list[int]]:
        roots: dict[int, Origin] = {}
        for about in self._fronts():
            if about.role == "front" and about.pid:
                roots[about.pid] = replace(Origin.of(about), role="")
        found = trees(roots, self._parents.look())
        members: dict[Origin, list[int]] = {}
        several = _several(roots[root] for root in found)
        for root, tree in sorted(found.items()):
            origin = roots[root]
            whole = replace(origin, instance="")
            members.setdefault(whole if whole in several else origin, []).extend(tree)
        return members

    def _forget(self, members: Mapping[Origin, Sequence[int]]) -> None:
        for origin in self._totals.keys() - members.keys():
            del self._totals[origin]
        for pid in self._pss_next.keys() - self.pids.keys():
            del self._pss_next[pid]
            self._pss.pop(pid, None)

    def _measures(
        self, origin: Origin, totals: _Totals, readings: list[Reading], elapsed: float
    ) -> list[Measure]:
        known = bool(totals.last)
        used = _grow(totals, readings)
        found: list[tuple[str, float, str, bool, dict[str, str]]] = [
            ("cpu.time", totals.cpu, "s", True, {}),
            ("memory.usage", sum(r.rss for r in readings), "By", False, {}),
            ("memory.virtual", sum(r.virtual for r in readings), "By", False, {}),
            ("thread.count", sum(r.threads for r in readings), "{thread}", False, {}),
            ("disk.io", totals.read, "By", True, {"disk.io.direction": "read"}),
            ("disk.io", totals.written, "By", True, {"disk.io.direction": "write"}),
            ("count", len(readings), "{process}", False, {}),
        ]
        if known and elapsed > 0:  # else what it used before we knew it would count as now
            found.append(("cpu.utilization", used / elapsed / self._cores, "1", False, {}))
        descriptors = [r.descriptors for r in readings if r.descriptors is not None]
        if descriptors:
            unit = "{file_descriptor}"
            found.append(("open_file_descriptor.count", sum(descriptors), unit, False, {}))
        shared = self._shared([r.pid for r in readings])
        if shared is not None:
            found.append(("memory.pss", shared, "By", False, {}))
        return [
            Measure("Process", f"process.{name}", value, unit, "", attributes, origin, sums)
            for name, value, unit, sums, attributes in found
        ]

    def _shared(self, pids: list[int]) -> int | None:
        """
        Memory with what is shared counted in part: each process is asked again when what the last
        time cost has become little, so that large ones do not eat a core.
        """
        for pid in pids:
            begun = self._clock()
            if begun < self._pss_next.get(pid, 0.0):
                continue
            found = pss(pid)
            cost = self._clock() - begun
            self._pss_next[pid] = begun + max(30.0, cost * len(self.pids) / PSS_SHARE)
            if found is not None:
                self._pss[pid] = found
        known = [self._pss[pid] for pid in pids if pid in self._pss]
        return sum(known) if len(known) == len(pids) else None


def _several(origins: Iterable[Origin]) -> set[Origin]:
    """Versions that have several fronts, without the instance."""
    seen: set[Origin] = set()
    twice: set[Origin] = set()
    for origin in origins:
        whole = replace(origin, instance="")
        (twice if whole in seen else seen).add(whole)
    return twice


def _grow(totals: _Totals, readings: list[Reading]) -> float:
    """Add what was used since the last look; gives the seconds of processor time."""
    used = 0.0
    for now in readings:
        before = totals.last.get(now.pid)
        if before is not None and before.started != now.started:
            before = None  # the number was given to another
        used += now.cpu - (before.cpu if before else 0.0)
        totals.read += (now.read or 0) - ((before.read or 0) if before else 0)
        totals.written += (now.written or 0) - ((before.written or 0) if before else 0)
    totals.cpu += used
    totals.last = {now.pid: now for now in readings}
    return used
