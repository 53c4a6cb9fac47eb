"""A target whose fronts are values in memory."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from modelyard.domain.fronts import FrontSpec, FrontState, FrontStatus
from modelyard.domain.shadows import Shadow


class FakeTarget:
    """
    ``ports.Target`` without processes.

    A front that is started says ``first`` of itself; ``say`` changes what one says, ``print``
    adds a line to its log. ``deaf`` are those that do not understand what is said of shadows.
    """

    def __init__(
        self,
        first: FrontState = FrontState.READY,
        cores: float = 8.0,
        memory: int = 16 * 1024**3,
    ) -> None:
        self.first = first
        self.specs: dict[str, FrontSpec] = {}
        self.calls: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._statuses: dict[str, FrontStatus] = {}
        self._printed: dict[str, list[str]] = {}
        self._described: dict[str, bytes] = {}
        self.shadows: dict[str, tuple[Shadow, ...]] = {}
        self.deaf: set[str] = set()
        self._capacity = (cores, memory)

    def start(self, spec: FrontSpec) -> None:
        with self._lock:
            self.calls.append(("start", spec.id))
            if spec.id not in self._statuses:
                ready = spec.workers if self.first is FrontState.READY else 0
                self.specs[spec.id] = spec
                self._statuses[spec.id] = FrontStatus(
                    spec.id, self.first, pid=1, ready_workers=ready, workers=spec.workers
                )

    def observe(self, ids: Iterable[str]) -> Mapping[str, FrontStatus]:
        with self._lock:
            return {id: self._statuses.get(id) or FrontStatus(id, FrontState.GONE) for id in ids}

    def drain(self, id: str) -> None:
        with self._lock:
            self.calls.append(("drain", id))
            if id in self._statuses:
                draining = replace(self._statuses[id], state=FrontState.DRAINING)
                self._statuses[id] = draining

    def stop(self, id: str) -> None:
        with self._lock:
            self.calls.append(("stop", id))
            self._statuses.pop(id, None)
            self.specs.pop(id, None)
            self.shadows.pop(id, None)

    def shadow(self, id: str, shadows: Sequence[Shadow]) -> bool:
        with self._lock:
            self.calls.append(("shadow", id))
            if id in self._statuses and id not in self.deaf:
                self.shadows[id] = tuple(shadows)
            return id not in self.deaf

    def running(self) -> Sequence[str]:
        with self._lock:
            return sorted(self._statuses)

    def logs(self, id: str, lines: int) -> Sequence[str]:
        with self._lock:
            return self._printed.get(id, [])[-lines:]

    def description(self, id: str) -> bytes | None:
        with self._lock:
            return self._described.get(id)

    def capacity(self) -> tuple[float, int]:
        return self._capacity

    def describe(self, id: str, document: bytes) -> None:
        """The OpenAPI document of a front."""
        with self._lock:
            self._described[id] = document

    def say(self, id: str, state: FrontState, **changes: Any) -> None:
        """Let the front say something else of itself."""
        with self._lock:
            self._statuses[id] = replace(self._statuses[id], state=state, **changes)

    def print(self, id: str, line: str) -> None:
        """A line that its workers printed."""
        with self._lock:
            self._printed.setdefault(id, []).append(line)
