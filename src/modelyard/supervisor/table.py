"""The processes that the supervisor looks after, and the acts that change them."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from modelyard.domain.leases import ProcessIdentity
from modelyard.domain.processes import ProcessSpec
from modelyard.supervisor import children, identity
from modelyard.supervisor.decisions import (
    Action,
    Forget,
    Kill,
    Observed,
    Phase,
    Start,
    Stop,
    ended,
    fingerprint,
)
from modelyard.supervisor.events import Events


class ProcessTable:
    """Carries out actions and notices deaths; ``changed`` says that something is to be written."""

    def __init__(
        self, events: Events, inherited: Mapping[str, str], folder: str, log: Callable[[str], None]
    ) -> None:
        self.processes: dict[str, Observed] = {}
        self.changed = True
        self._events = events
        self._inherited = inherited
        self._folder = folder
        self._log = log
        self._pidfds: dict[str, int] = {}

    def adopt(self, found: Iterable[Observed], now: float) -> None:
        """Take over those that still run from a supervisor that died."""
        for process in found:
            if process.identity is None:
                continue
            try:
                pidfd = identity.watch(process.identity)
            except ProcessLookupError:
                self._log(f"{process.name} (pid {process.identity.pid}) ended unwatched")
                continue
            if pidfd is not None:
                self._events.watch(pidfd)
                self._pidfds[process.name] = pidfd
            age = time.time() - process.started if process.started else 0.0
            self.processes[process.name] = replace(process, since=now - max(age, 0.0))
            self._log(f"adopted {process.name} (pid {process.identity.pid})")

    def notice_deaths(self, now: float) -> None:
        """Reap children and look after adopted ones."""
        names = {
            process.identity.pid: process.name
            for process in self.processes.values()
            if process.identity and not process.gone and not process.adopted
        }
        for pid, code in children.reap(names):
            if pid in names:
                self._ended(names[pid], code, now)
        for process in list(self.processes.values()):
            if not process.adopted or process.gone or process.identity is None:
                continue
            if not identity.alive(process.identity):
                identity.kill_members(process.identity.pid)
                self._ended(process.name, None, now)

    def carry_out(self, action: Action, now: float) -> None:
        """One action; a process that cannot be started counts as one that died at once."""
        match action:
            case Start(spec):
                self._start(spec, now)
            case Stop(name):
                self._stop(self.processes[name], now)
            case Kill(name):
                self._kill(self.processes[name], now)
            case Forget(name):
                del self.processes[name]
                self.changed = True

    def _start(self, spec: ProcessSpec, now: float) -> None:
        before = self.processes.get(spec.name)
        process = Observed(
            name=spec.name,
            phase=Phase.RUNNING,
            fingerprint=fingerprint(spec),
            since=now,
            order=spec.order,
            stop_signal=spec.stop_signal,
            stop_timeout=spec.stop_timeout,
            log=spec.log,
            started=time.time(),
            failures=before.failures if before else 0,
            restarts=before.restarts + 1 if before else 0,
        )
        self.changed = True
        try:
            running = children.start(spec, self._inherited, self._folder)
        except OSError as error:
            self._log(f"cannot start {spec.name}: {error}")
            self.processes[spec.name] = ended(process, 127, now)
            return
        self.processes[spec.name] = replace(process, identity=running)
        self._log(f"started {spec.name} (pid {running.pid})")

    def _stop(self, process: Observed, now: float) -> None:
        self._log(f"stopping {process.name}")
        self._send(process, signal.Signals[process.stop_signal])
        self.processes[process.name] = replace(process, phase=Phase.STOPPING, since=now)

    def _kill(self, process: Observed, now: float) -> None:
        self._log(f"killing {process.name}")
        if process.identity and process.adopted:
            identity.kill_group(process.identity)
        elif process.identity:
            identity.kill_members(process.identity.pid)
        self.processes[process.name] = replace(process, phase=Phase.KILLED, since=now)

    def _send(self, process: Observed, number: signal.Signals) -> None:
        running: ProcessIdentity | None = process.identity
        if running and process.adopted:
            identity.send(running, number)
        elif running:
            os.kill(running.pid, number)  # our own child, not reaped: the pid cannot be another's

    def _ended(self, name: str, code: int | None, now: float) -> None:
        process = self.processes[name]
        how = "exit code unknown" if code is None else f"exit code {code}"
        self._log(f"{name} ended ({how})")
        if (pidfd := self._pidfds.pop(name, None)) is not None:
            self._events.unwatch(pidfd)
        self.processes[name] = ended(process, code, now)
        self.changed = True
