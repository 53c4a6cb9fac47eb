"""Brings about what is wanted of jobs: looks, plans, acts, again and again."""

import logging
from collections.abc import Mapping

from modelyard.domain.environments import Build
from modelyard.domain.errors import NotFound, NotLeader
from modelyard.domain.jobs import job_key
from modelyard.domain.processes import ProcessSpec, ProcessStatus
from modelyard.domain.runs import Run, RunStatus
from modelyard.ports import Clock, EnvironmentStore, RunStore, Supervision
from modelyard.usecases import job_plan
from modelyard.usecases.job_actions import JobActor, process_name
from modelyard.usecases.job_plan import Process, Situation, plan
from modelyard.usecases.jobs import job_of

_log = logging.getLogger(__name__)

SOON, MOVING, IDLE = 0.01, 0.2, 1.0
"""Seconds until the next look: after a change, while something moves, and else."""

GRACE = 15.0
"""Seconds that a runner has to end after its run has ended."""

_PREFIX = process_name("")


class JobReconciler:
    """One leader's. ``step`` is called by one thread only."""

    def __init__(
        self,
        runs: RunStore,
        environments: EnvironmentStore,
        supervision: Supervision,
        actor: JobActor,
        clock: Clock,
        slots: int,
    ) -> None:
        self._runs = runs
        self._environments = environments
        self._supervision = supervision
        self._actor = actor
        self._clock = clock
        self._slots = slots
        self._over_since: dict[str, float] = {}

    def step(self) -> float:
        """
        Look at everything once and do what is due; seconds until looking again makes sense.

        Raises NotLeader when another control plane has taken over.
        """
        # before the runs are read: a job that ends meanwhile must not look lost
        busy = self._actor.busy()
        wanted, statuses = self._supervision.wanted(), self._supervision.statuses()
        runs = self._runs.open_jobs()
        situations = [self._situation(run, wanted, statuses, busy) for run in runs]
        actions = plan(situations, self._slots)
        for action in actions:
            self._act(action)
        swept = self._sweep({job_key(r.workspace, r.id) for r in runs}, wanted, statuses, busy)
        if any(isinstance(action, job_plan.Await | job_plan.BuildAgain) for action in actions):
            return SOON
        return MOVING if actions or swept or any(map(_moving, situations)) else IDLE

    def _situation(
        self,
        run: Run,
        wanted: Mapping[str, ProcessSpec],
        statuses: Mapping[str, ProcessStatus],
        busy: frozenset[str],
    ) -> Situation:
        key = job_key(run.workspace, run.id)
        name = process_name(key)
        status = statuses.get(name)
        process = seen(name in wanted, status)
        return Situation(
            run=run,
            build=self._build_of(run) if process is Process.NONE else None,
            process=process,
            busy=key in busy,
            exit_code=status.exit_code if status else None,
        )

    def _build_of(self, run: Run) -> Build | None:
        try:
            return self._environments.get_build(job_of(run).recipe)
        except NotFound:
            return None

    def _act(self, action: job_plan.Action) -> None:
        try:
            self._actor.act(action)
        except NotLeader:
            raise
        except Exception:  # noqa: BLE001 - one broken job must not hold up the others
            _log.exception("job %s", action.run.id)

    def _sweep(
        self,
        keys: set[str],
        wanted: Mapping[str, ProcessSpec],
        statuses: Mapping[str, ProcessStatus],
        busy: frozenset[str],
    ) -> bool:
        """Let go of what belongs to runs that have ended; whether there is such a thing."""
        names = {name for name in {*wanted, *statuses} if name.startswith(_PREFIX)}
        over = {name.removeprefix(_PREFIX) for name in names} | self._actor.folders.keys()
        over -= keys | busy
        for key in over:
            self._let_go(key, seen(process_name(key) in wanted, statuses.get(process_name(key))))
        for key in self._over_since.keys() - over:
            del self._over_since[key]
        return bool(over)

    def _let_go(self, key: str, process: Process) -> None:
        since = self._over_since.setdefault(key, self._clock.monotonic())
        if process is Process.ENDED:
            self._supervision.drop(process_name(key))
        elif process is Process.ALIVE and self._clock.monotonic() - since >= GRACE:
            _log.warning("stopping the job %s, whose run has ended", key)
            self._supervision.drop(process_name(key))
        if process in {Process.ENDED, Process.NONE}:
            self._actor.clear(key)


def seen(wanted: bool, status: ProcessStatus | None) -> Process:
    """What the supervisor's words say of a runner."""
    alive = status is not None and status.pid is not None
    if not wanted:
        return Process.STOPPING if alive else Process.NONE
    if alive or status is None or status.state != "exited":
        return Process.ALIVE
    return Process.ENDED


def _moving(job: Situation) -> bool:
    return job.run.status is not RunStatus.RUNNING


def slots_of(cores: float) -> int:
    """How many jobs run at once on that many cores."""
    return max(1, int(cores))
