"""Fronts as processes of this machine."""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from modelyard.domain.fronts import FrontSpec, FrontState, FrontStatus
from modelyard.domain.processes import ProcessSpec, ProcessStatus
from modelyard.ports import Supervision
from modelyard.settings import Settings
from modelyard.targets.local import control, layout
from modelyard.targets.local.capacity import capacity
from modelyard.targets.local.specs import SpecShelf
from modelyard.targets.local.tails import last_lines

FRONT = (sys.executable, "-P", "-m", "modelyard.bootstrap.front")
ORDER = 30
STOP_EXTRA = 15.0
"""Seconds beyond the scoring timeout that a front has to finish what it runs and end."""

_PREFIX = layout.process_name("")
_ASKED_AT_ONCE = 16


class LocalTarget:
    """
    ``ports.Target``: each front is a process under the supervisor.

    ``runtime`` is the folder of ``lay_worker``, given to specifications that name none.
    ``release`` is written beside each front that is started.
    """

    def __init__(
        self,
        settings: Settings,
        supervision: Supervision,
        runtime: Path,
        command: Sequence[str] = FRONT,
        release: str = "",
    ) -> None:
        self._logs = settings.logs
        self._supervision = supervision
        self._runtime = runtime
        self._command = tuple(command)
        self._release = release
        self._shelf = SpecShelf(settings.run / "fronts")
        self._pool = ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="ask-front")

    def start(self, spec: FrontSpec) -> None:
        """A front that answers is left as it is, also when it is asked for with another spec."""
        self._sweep()
        whole = spec if spec.runtime else replace(spec, runtime=str(self._runtime))
        name = layout.process_name(spec.id)
        if name in self._supervision.wanted():
            before = self._shelf.load(spec.id)
            if before == whole or (before is not None and self._answers(before)):
                return
        path = self._shelf.save(whole)
        self._supervision.want(
            ProcessSpec(
                name=name,
                argv=(*self._command, str(path)),
                log=str(layout.front_log(self._logs, spec.id)),
                # dropped and asked for again faster than the supervisor looks, it shall
                # nevertheless be another process
                env={
                    "MODELYARD_FRONT_STARTED": str(time.time_ns()),
                    "MODELYARD_RELEASE": self._release,
                },
                stop_timeout=spec.scoring_timeout + STOP_EXTRA,
                order=ORDER,
            )
        )

    def observe(self, ids: Iterable[str]) -> Mapping[str, FrontStatus]:
        asked = list(dict.fromkeys(ids))
        if not asked:
            return {}
        wanted, statuses = self._supervision.wanted(), self._supervision.statuses()

        def look(id: str) -> FrontStatus:
            name = layout.process_name(id)
            if name not in wanted:
                return FrontStatus(id, FrontState.GONE)
            return self._look(id, statuses.get(name))

        return dict(zip(asked, self._pool.map(look, asked), strict=True))

    def drain(self, id: str) -> None:
        spec = self._shelf.load(id)
        if spec is None:
            return
        try:
            control.ask(spec.control_socket, "drain")
        except (control.NoFront, control.NoAnswer):
            return  # it has gone, or is going

    def stop(self, id: str) -> None:
        self._supervision.drop(layout.process_name(id))
        self._shelf.set_aside(id)
        self._sweep()

    def running(self) -> Sequence[str]:
        self._sweep()
        names = sorted(self._supervision.wanted())
        return [name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX)]

    def outdated(self) -> frozenset[str]:
        """Fronts that another release started, or another installation of this one."""
        wanted = self._supervision.wanted()
        names = {name.removeprefix(_PREFIX): name for name in wanted if name.startswith(_PREFIX)}
        return frozenset(id for id, name in names.items() if not self._is_ours(id, wanted[name]))

    def logs(self, id: str, lines: int) -> Sequence[str]:
        """Also of a front that was stopped, as long as its log is there."""
        spec = self._shelf.load(id)
        if spec is None:
            return last_lines(layout.worker_log(self._logs, id), lines)
        return last_lines(Path(spec.log_file), lines, spec.log_files)

    def capacity(self) -> tuple[float, int]:
        return capacity()

    def close(self) -> None:
        """End the threads that ask fronts; the fronts go on."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_ours(self, id: str, process: ProcessSpec) -> bool:
        spec = self._shelf.load(id)
        return (
            process.argv[:-1] == self._command
            and process.env.get("MODELYARD_RELEASE") == self._release
            and (spec is None or spec.runtime == str(self._runtime))
        )

    def _look(self, id: str, process: ProcessStatus | None) -> FrontStatus:
        spec = self._shelf.load(id)
        pid = process.pid if process and process.pid and _exists(process.pid) else 0
        restarts = process.restarts if process else 0
        if spec is None:
            return FrontStatus(id, FrontState.GONE, pid=pid)
        try:
            return control.ask(spec.control_socket, "status")
        except control.NoFront:
            # not yet started, or started and not yet listening; else it died and comes back
            comes = process is None or pid != 0
            state = FrontState.STARTING if comes else FrontState.GONE
            return FrontStatus(id, state, pid=pid, workers=spec.workers, restarts=restarts)
        except control.NoAnswer as problem:
            why = {"type": "NoAnswer", "message": str(problem)}
            return FrontStatus(id, FrontState.UNHEALTHY, pid=pid, workers=spec.workers, error=why)

    @staticmethod
    def _answers(spec: FrontSpec) -> bool:
        try:
            control.ask(spec.control_socket, "status")
        except (control.NoFront, control.NoAnswer):
            return False
        return True

    def _sweep(self) -> None:
        statuses = self._supervision.statuses()
        for id in self._shelf.set_aside_ids():
            status = statuses.get(layout.process_name(id))
            if status is None or status.pid is None or not _exists(status.pid):
                self._shelf.sweep(id)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
