"""What is due for jobs. Pure, so that every rule is a line in a table of tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from modelyard.domain.environments import Build, BuildState
from modelyard.domain.jobs import job_error
from modelyard.domain.runs import Run, RunStatus

_WAITING = {RunStatus.NOT_STARTED, RunStatus.PREPARING, RunStatus.QUEUED}


class Process(StrEnum):
    """What is seen of a job's runner."""

    NONE = "none"
    ALIVE = "alive"  # asked for; it runs, or will in a moment
    STOPPING = "stopping"  # asked for no more; it still runs
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Situation:
    """A job that has not ended; ``busy`` while it is being laid out or settled."""

    run: Run
    build: Build | None = None
    process: Process = Process.NONE
    busy: bool = False
    exit_code: int | None = None

    @property
    def holds_slot(self) -> bool:
        """Whether it counts among the jobs that run."""
        return self.busy or self.process in {Process.ALIVE, Process.STOPPING}


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do for a run."""

    run: Run


@dataclass(frozen=True, slots=True)
class BuildAgain(Action):
    """Its environment is nowhere: ask for it."""


@dataclass(frozen=True, slots=True)
class Await(Action):
    """Show what it waits for."""

    status: RunStatus


@dataclass(frozen=True, slots=True)
class Launch(Action):
    """Lay it out and start its runner."""


@dataclass(frozen=True, slots=True)
class Stop(Action):
    """End its runner, which ends the script and tells of it."""


@dataclass(frozen=True, slots=True)
class Settle(Action):
    """Nobody will tell of its end any more: find out and store it."""

    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Fail(Action):
    """It cannot be started."""

    error: Mapping[str, Any]


def plan(jobs: Sequence[Situation], slots: int) -> list[Action]:
    """What is due, for jobs oldest first; at most ``slots`` of them run at once."""
    free = slots - sum(job.holds_slot for job in jobs)
    actions: list[Action] = []
    for job in jobs:
        action = _next(job, free=free > 0)
        if isinstance(action, Launch):
            free -= 1
        if action is not None:
            actions.append(action)
    return actions


def _next(job: Situation, *, free: bool) -> Action | None:
    run = job.run
    if job.busy or job.process is Process.STOPPING:
        return None
    if job.process is Process.ENDED:
        return Settle(run, job.exit_code)
    cancelled = run.status is RunStatus.CANCEL_REQUESTED
    if job.process is Process.ALIVE:
        return Stop(run) if cancelled else None
    if run.status not in _WAITING:
        return Settle(run)
    return _start(job, free=free)


def _start(job: Situation, *, free: bool) -> Action | None:
    run, build = job.run, job.build
    if build is None:
        return BuildAgain(run)
    if build.state is BuildState.FAILED:
        message = f"The environment could not be built: {build.error or 'its log says why'}"
        return Fail(run, job_error("EnvironmentBuildFailed", message, build=build.digest))
    if build.state is not BuildState.SUCCEEDED:
        return _show(run, RunStatus.PREPARING)
    return Launch(run) if free else _show(run, RunStatus.QUEUED)


def _show(run: Run, status: RunStatus) -> Action | None:
    return None if run.status is status else Await(run, status)
