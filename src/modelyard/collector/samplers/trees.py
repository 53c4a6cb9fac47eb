"""Which processes belong to a front: itself, its workers, and what those have started."""

from collections.abc import Callable, Iterable, Mapping

import psutil

from modelyard.collector.samplers.readings import GONE

_ANEW = 12
"""After so many looks every parent is asked for again: orphans have found another by then."""


class Parents:
    """
    The parent of every process of the machine.

    Asking for one costs 15 us, and a machine may run thousands: only those that are new are
    asked for, all of them about once a minute.
    """

    def __init__(
        self,
        pids: Callable[[], Iterable[int]] = psutil.pids,
        parent: Callable[[int], int | None] | None = None,
    ) -> None:
        self._pids = pids
        self._parent = parent or parent_of
        self._known: dict[int, int] = {}
        self._looks = 0

    def look(self) -> Mapping[int, int]:
        """Pid to parent."""
        if self._looks % _ANEW == 0:
            self._known.clear()
        self._looks += 1
        there = set(self._pids())
        for pid in self._known.keys() - there:
            del self._known[pid]
        for pid in there - self._known.keys():
            parent = self._parent(pid)
            if parent is not None:
                self._known[pid] = parent
        return self._known


def parent_of(pid: int) -> int | None:
    """None when it has gone."""
    try:
        return psutil.Process(pid).ppid()
    except GONE:
        return None
    except psutil.AccessDenied:
        return None


def trees(roots: Iterable[int], parents: Mapping[int, int]) -> dict[int, list[int]]:
    """
    Each living root with all that descends from it, the root first. Pure.

    A root below another root is that other's no more.
    """
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    tops = set(roots)
    found = {}
    for root in tops & parents.keys():
        tree = [root]
        for pid in tree:  # grows while it is walked
            tree += [child for child in children.get(pid, ()) if child not in tops]
        found[root] = tree
    return found
