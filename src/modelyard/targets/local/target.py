"""Fronts as processes of this machine."""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from modelyard.domain.fronts import DESCRIPTION, FrontSpec, FrontState, FrontStatus, ledger_path
from modelyard.domain.processes import ProcessSpec, ProcessStatus
from modelyard.domain.shadows import Shadow
from modelyard.ports import Supervision
from modelyard.settings import Settings
from modelyard.targets.local import control, layout
from modelyard.targets.local import shadows as orders
from modelyard.targets.local.capacity import capacity
from modelyard.targets.local.parts import merged, parts, together
from modelyard.targets.local.specs import SpecShelf
from modelyard.targets.local.tails import last_lines
from modelyard.telemetry.ingest import Origin, address

FRONT = (sys.executable, "-P", "-m", "modelyard.bootstrap.front")
ORDER = 30
STOP_EXTRA = 15.0
"""Seconds beyond the scoring timeout that a front has to finish what it runs and end."""

_PREFIX = layout.process_name("")
_ASKED_AT_ONCE = 16


class LocalTarget:
    """
    ``ports.Target``: each front is a process under the supervisor, or several as its
    specification says (``parts``); they are one to whoever asks.

    ``runtime`` is the folder of ``lay_worker``, given to specifications that name none.
    ``release`` is written beside each front that is started. ``ledgers``: whether the gateway
    looks into what fronts have noted.
    """

    def __init__(
        self,
        settings: Settings,
        supervision: Supervision,
        runtime: Path,
        command: Sequence[str] = FRONT,
        release: str = "",
        *,
        ledgers: bool = True,
    ) -> None:
        self._settings = settings
        self._logs = settings.logs
        self._supervision = supervision
        self._runtime = runtime
        self._command = tuple(command)
        self._release = release
        self._ledgers = ledgers
        self._shelf = SpecShelf(settings.run / "fronts")
        self._pool = ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="ask-front")

    def start(self, spec: FrontSpec) -> None:
        """A front that answers is left as it is, also when it is asked for with another spec."""
        self._sweep()
        whole = self._whole(spec)
        wanted = self._names(spec.id)
        new = [part for part in parts(whole) if not self._may_stay(part, wanted)]
        if not new:
            return
        self._shelf.save(whole)
        self._supervision.want(*(self._process(part, self._shelf.save(part)) for part in new))

    def _whole(self, spec: FrontSpec) -> FrontSpec:
        """With what only this target knows."""
        origin = Origin(spec.workspace, spec.service, spec.service_version, spec.revision, "front")
        settings = self._settings
        return replace(
            spec,
            runtime=spec.runtime or str(self._runtime),
            rings=spec.rings or str(settings.rings),
            ledger=spec.ledger or self._ledger(spec.id),
            ingest=spec.ingest or address(settings.base_url, origin, settings.ingest_key),
        )

    def _ledger(self, id: str) -> str:
        return ledger_path(str(self._settings.rings), id) if self._ledgers else ""

    def observe(self, ids: Iterable[str]) -> Mapping[str, FrontStatus]:
        asked = list(dict.fromkeys(ids))
        if not asked:
            return {}
        wanted, statuses = self._supervision.wanted(), self._supervision.statuses()
        fronts = [(id, front) for id in asked for front in self._ids(id)]

        def look(front: tuple[str, str]) -> FrontStatus:
            name = layout.process_name(front[1])
            if name not in wanted:
                return FrontStatus(front[1], FrontState.GONE)
            return self._look(front[1], statuses.get(name))

        said: dict[str, list[FrontStatus]] = {id: [] for id in asked}
        for (id, _), status in zip(fronts, self._pool.map(look, fronts), strict=True):
            said[id].append(status)
        return {id: together(id, statuses) for id, statuses in said.items()}

    def drain(self, id: str) -> None:
        for front in self._ids(id):
            spec = self._shelf.load(front)
            # when there is none to ask it has gone, or is going
            if spec is not None:
                with suppress(control.NoFront, control.NoAnswer):
                    control.ask(spec.control_socket, "drain")

    def stop(self, id: str) -> None:
        ids = {id, *self._ids(id), *self._names(id).values()}
        self._supervision.drop(*(layout.process_name(front) for front in sorted(ids)))
        for front in ids:
            self._shelf.set_aside(front)
            orders.forget(self._shelf, front)
        self._sweep()

    def shadow(self, id: str, shadows: Sequence[Shadow]) -> bool:
        """The front keeps them in memory, and reads them from a file when it starts."""
        wanted = orders.orders(self._shelf, shadows, self._settings.shadow_seconds)
        heard = [orders.tell(self._shelf, front, wanted) for front in self._ids(id)]
        return all(heard)

    def running(self) -> Sequence[str]:
        self._sweep()
        return sorted({layout.revision_of(front) for front in self._names().values()})

    def outdated(self) -> frozenset[str]:
        """Fronts that another release started, or another installation of this one."""
        wanted = self._supervision.wanted()
        return frozenset(
            layout.revision_of(front)
            for name, front in self._names().items()
            if name in wanted and not self._is_ours(front, wanted[name])
        )

    def logs(self, id: str, lines: int) -> Sequence[str]:
        """Also of a front that was stopped, as long as its log is there."""
        spec = self._shelf.load(id)
        if spec is None:
            kept = layout.worker_logs(self._logs, id)
            return merged([last_lines(log, lines) for log in kept], lines)
        fronts = parts(spec)
        return merged([last_lines(Path(p.log_file), lines, p.log_files) for p in fronts], lines)

    def description(self, id: str) -> bytes | None:
        """The front keeps it beside its log."""
        for log in layout.worker_logs(self._logs, id, DESCRIPTION):
            with suppress(FileNotFoundError):
                return log.read_bytes()
        return None

    def capacity(self) -> tuple[float, int]:
        return capacity()

    def close(self) -> None:
        """End the threads that ask fronts; the fronts go on."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ids(self, id: str) -> list[str]:
        """The ids of a revision's fronts: its own when it has one alone."""
        spec = self._shelf.load(id)
        return [id] if spec is None else [part.id for part in parts(spec)]

    def _names(self, id: str | None = None) -> dict[str, str]:
        """Fronts that are asked for, of one revision or of all, by their processes' names."""
        fronts = {n: n.removeprefix(_PREFIX) for n in self._supervision.wanted() if _is_front(n)}
        return {n: f for n, f in fronts.items() if id is None or layout.revision_of(f) == id}

    def _may_stay(self, part: FrontSpec, wanted: Mapping[str, str]) -> bool:
        if layout.process_name(part.id) not in wanted:
            return False
        before = self._shelf.load(part.id)
        return before == part or (before is not None and self._answers(before))

    def _process(self, spec: FrontSpec, path: Path) -> ProcessSpec:
        return ProcessSpec(
            name=layout.process_name(spec.id),
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


def _is_front(name: str) -> bool:
    return name.startswith(_PREFIX)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
