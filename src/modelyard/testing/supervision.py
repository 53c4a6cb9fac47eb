"""A supervision that keeps its processes in memory."""

import threading
from collections.abc import Mapping
from dataclasses import replace

from modelyard.domain.processes import ProcessSpec, ProcessStatus, Restart


class FakeSupervision:
    """
    ``ports.Supervision`` without processes: what is wanted is said to run at once.

    ``die`` lets a test end one; unless it is never to be restarted, it is said to wait for that
    until ``revive``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[str, ProcessSpec] = {}
        self._statuses: dict[str, ProcessStatus] = {}
        self._next_pid = 100_000_000  # above every real pid: nobody is signalled by mistake

    def want(self, *specs: ProcessSpec) -> None:
        with self._lock:
            for spec in specs:
                if self._wanted.get(spec.name) != spec:
                    self._wanted[spec.name] = spec
                    self._statuses[spec.name] = self._running(spec.name)

    def drop(self, *names: str) -> None:
        with self._lock:
            for name in names:
                self._wanted.pop(name, None)
                self._statuses.pop(name, None)

    def wanted(self) -> Mapping[str, ProcessSpec]:
        with self._lock:
            return dict(self._wanted)

    def statuses(self) -> Mapping[str, ProcessStatus]:
        with self._lock:
            return dict(self._statuses)

    def die(self, name: str, exit_code: int = -9) -> None:
        """It ends by itself, and waits."""
        with self._lock:
            never = self._wanted[name].restart is Restart.NEVER
            state = "exited" if never else "waiting"
            died = replace(self._statuses[name], state=state, pid=None, exit_code=exit_code)
            self._statuses[name] = died

    def revive(self, name: str) -> None:
        """It is started again."""
        with self._lock:
            restarts = self._statuses[name].restarts + 1
            self._statuses[name] = replace(self._running(name), restarts=restarts)

    def _running(self, name: str) -> ProcessStatus:
        self._next_pid += 1
        return ProcessStatus(name, "running", pid=self._next_pid)
