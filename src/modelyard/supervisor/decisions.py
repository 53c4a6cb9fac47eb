"""What the supervisor does next: pure, so that every rule is a line in a table of tests."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from modelyard.domain.leases import ProcessIdentity
from modelyard.domain.processes import ProcessSpec, Restart

FIRST_DELAY = 0.1
LONGEST_DELAY = 10.0
LONG_LIFE = 30.0
"""Seconds of life after which a process's earlier deaths are forgotten."""


class Phase(StrEnum):
    """Where a process stands."""

    RUNNING = "running"
    STOPPING = "stopping"  # its stop signal was sent
    KILLED = "killed"  # SIGKILL was sent
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Observed:
    """
    What the supervisor knows of one process.

    ``fingerprint`` is of the spec it was started with; ``since`` is when it entered its phase, in
    monotonic seconds; ``started`` is a wall-clock time. ``failures`` counts deaths in a row.
    """

    name: str
    phase: Phase
    fingerprint: str
    since: float = 0.0
    identity: ProcessIdentity | None = None
    order: int = 50
    stop_signal: str = "SIGTERM"
    stop_timeout: float = 10.0
    log: str = ""
    started: float | None = None
    failures: int = 0
    restarts: int = 0
    exit_code: int | None = None
    adopted: bool = False

    @property
    def gone(self) -> bool:
        """Whether nothing of it runs any more."""
        return self.phase is Phase.ENDED


@dataclass(frozen=True, slots=True)
class Start:
    """Start it, for the first time or again."""

    spec: ProcessSpec


@dataclass(frozen=True, slots=True)
class Stop:
    """Send it its stop signal."""

    name: str


@dataclass(frozen=True, slots=True)
class Kill:
    """Its time to stop is over."""

    name: str


@dataclass(frozen=True, slots=True)
class Forget:
    """It ended and is wanted no more."""

    name: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Something falls due at this monotonic time."""

    until: float


Action = Start | Stop | Kill | Forget | Wait


def fingerprint(spec: ProcessSpec) -> str:
    """What makes a running process the right one: its arguments, environment and folder."""
    text = json.dumps([list(spec.argv), dict(spec.env), spec.cwd], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def delay(failures: int) -> float:
    """Seconds to wait after so many deaths in a row: doubling, bounded, never giving up."""
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(max(failures - 1, 0), 10)))


def ended(observed: Observed, exit_code: int | None, now: float) -> Observed:
    """The process after its death; one that was being stopped has not failed."""
    failures = 0
    if observed.phase is Phase.RUNNING:
        failures = 1 if now - observed.since >= LONG_LIFE else observed.failures + 1
    return replace(observed, phase=Phase.ENDED, since=now, exit_code=exit_code, failures=failures)


def plan(
    desired: Mapping[str, ProcessSpec], observed: Mapping[str, Observed], now: float
) -> list[Action]:
    """The actions that bring what runs nearer to what is desired: starts first, by order."""
    stops = [
        action
        for process in _last_first(observed.values())
        if process.name not in desired
        for action in _end(process, now)
    ]
    keeps = [
        action
        for spec in sorted(desired.values(), key=lambda spec: (spec.order, spec.name))
        for action in _keep(spec, observed.get(spec.name), now)
    ]
    return [*keeps, *stops]


def plan_shutdown(
    observed: Mapping[str, Observed], now: float, *, hurry: bool = False
) -> list[Action]:
    """Stop everything, the highest order first, the next one only when that is gone."""
    alive = [process for process in _last_first(observed.values()) if not process.gone]
    if hurry:
        return [Kill(process.name) for process in alive if process.phase is not Phase.KILLED]
    top = max((process.order for process in alive), default=0)
    return [action for process in alive if process.order == top for action in _end(process, now)]


def _keep(spec: ProcessSpec, process: Observed | None, now: float) -> list[Action]:
    if process is None:
        return [Start(spec)]
    changed = process.fingerprint != fingerprint(spec)
    if process.phase is Phase.RUNNING:
        return [Stop(spec.name)] if changed else []
    if not process.gone:
        return _end(process, now)
    if changed:
        return [Start(spec)]
    if spec.restart is Restart.NEVER:
        return []
    due = process.since + (delay(process.failures) if process.failures else 0.0)
    return [Start(spec)] if now >= due else [Wait(due)]


def _end(process: Observed, now: float) -> list[Action]:
    if process.phase is Phase.RUNNING:
        return [Stop(process.name)]
    if process.phase is Phase.ENDED:
        return [Forget(process.name)]
    if process.phase is Phase.KILLED:
        return []
    due = process.since + process.stop_timeout
    return [Kill(process.name)] if now >= due else [Wait(due)]


def _last_first(processes: Iterable[Observed]) -> list[Observed]:
    return sorted(processes, key=lambda process: (-process.order, process.name))
