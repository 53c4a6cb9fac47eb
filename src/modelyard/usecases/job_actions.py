"""Carries out what ``job_plan`` decided."""

import logging
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from modelyard.domain.environments import Build, BuildState, BuiltEnvironment
from modelyard.domain.errors import ModelyardError, NotFound, NotLeader
from modelyard.domain.jobs import JobFolder, JobResult, JobSpec, job_error, job_key
from modelyard.domain.processes import ProcessSpec, Restart
from modelyard.domain.runs import Run, RunStatus
from modelyard.ports import Clock, EnvironmentBuilder, EnvironmentStore, RunStore, Supervision
from modelyard.usecases import job_plan
from modelyard.usecases.background import Background
from modelyard.usecases.environments import to_definition
from modelyard.usecases.job_folders import JobFolders
from modelyard.usecases.jobs import ended, job_of
from modelyard.usecases.runs import moved
from modelyard.wire.environments import EnvironmentDefinition

_log = logging.getLogger(__name__)

ORDER = 40
STOP_TIMEOUT = 60.0
"""Seconds that a runner has to end its script and to store what that left."""

RETRY = 5.0
"""Seconds until a result that could not be stored is tried again."""


def process_name(key: str) -> str:
    """A runner's name under the supervisor."""
    return f"job-{key}"


@dataclass(frozen=True, slots=True)
class Launching:
    """
    How runners start: with what command, and what the script is told of the server; ``rings`` is
    where their telemetry goes, '' for nowhere.
    """

    command: Sequence[str]
    runtime: str
    url: str
    token: Callable[[Run], str]
    facts: Callable[[Run], dict[str, str]]
    rings: str = ""


class JobActor:
    """Does one action at a time; what takes its time happens in the background."""

    def __init__(
        self,
        runs: RunStore,
        environments: EnvironmentStore,
        builder: EnvironmentBuilder,
        supervision: Supervision,
        folders: JobFolders,
        launching: Launching,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self.folders = folders
        self._runs = runs
        self._environments = environments
        self._builder = builder
        self._supervision = supervision
        self._launching = launching
        self._clock = clock
        self._pool = Background(2, wake)
        self._not_before: dict[str, float] = {}

    def busy(self) -> frozenset[str]:
        """The keys of jobs that are being laid out, settled or removed."""
        return self._pool.names()

    def act(self, action: job_plan.Action) -> None:
        """Raises NotLeader when another control plane has taken over."""
        run = action.run
        key = job_key(run.workspace, run.id)
        _log.debug("job %s: %s", key, type(action).__name__)
        match action:
            case job_plan.BuildAgain():
                self._build_again(run)
            case job_plan.Await(status=status):
                self._move(run, status)
            case job_plan.Launch():
                self._pool.submit(key, lambda: self._launch(run))
            case job_plan.Stop():
                self._supervision.drop(process_name(key))
            case job_plan.Settle(exit_code=code):
                self._settle_soon(key, run, code)
            case job_plan.Fail(error=error):
                self._end(run, JobResult(RunStatus.FAILED, error))

    def clear(self, key: str) -> None:
        """Remove the folder of a job that is over."""
        self._not_before.pop(key, None)
        self._pool.submit(key, lambda: self.folders.remove(key))

    def _move(self, run: Run, status: RunStatus) -> None:
        now = self._clock.now()
        self._runs.change(run.workspace, run.id, lambda found: moved(found, status, now))

    def _end(self, run: Run, result: JobResult) -> None:
        now = self._clock.now()
        self._runs.change(run.workspace, run.id, lambda found: ended(found, result, now))

    def _build_again(self, run: Run) -> None:
        """Its environment was never asked for here, or was removed since."""
        job = job_of(run)
        definition = msgspec.convert(job.environment, EnvironmentDefinition)
        recipe = self._builder.resolve(to_definition(definition))
        build = Build(recipe.digest, recipe, BuildState.QUEUED, self._clock.now())
        if recipe.digest != job.recipe:
            message = "The environment of the job resolves to another one by now; submit it again."
            self._end(run, JobResult(RunStatus.FAILED, job_error("EnvironmentChanged", message)))
            return
        self._environments.update_build(self._environments.ensure_build(build))

    def _launch(self, run: Run) -> None:
        job = job_of(run)
        built = self._builder.find(job.recipe)
        if built is None:
            build = self._environments.get_build(job.recipe)
            queued = replace(build, state=BuildState.QUEUED, finished=None, error=None)
            self._environments.update_build(queued)
            return
        try:
            folder = self.folders.lay_out(run, job)
            self.folders.write_spec(folder, self._spec(run, folder, built))
            if self._runs.get(run.workspace, run.id).status is RunStatus.CANCEL_REQUESTED:
                return
            self._supervision.want(self._process(run, folder))
        except (NotLeader, NotFound):
            return  # another one acts now, or the run was removed
        except ModelyardError as error:
            failed = job_error(type(error).__name__, error.message)
            self._end(run, JobResult(RunStatus.FAILED, failed))

    def _spec(self, run: Run, folder: JobFolder, built: BuiltEnvironment) -> JobSpec:
        job, launching = job_of(run), self._launching
        return JobSpec(
            workspace=run.workspace,
            run=run.id,
            experiment=run.experiment,
            folder=str(folder.root),
            python=built.python,
            runtime=launching.runtime,
            url=launching.url,
            token=launching.token(run),
            script=job.script,
            command=job.command,
            arguments=job.arguments,
            variables=job.variables,
            facts=launching.facts(run),
            timeout=job.timeout,
            isolated=not job.environment.get("user_managed", False),
            rings=launching.rings,
        )

    def _process(self, run: Run, folder: JobFolder) -> ProcessSpec:
        key = job_key(run.workspace, run.id)
        return ProcessSpec(
            name=process_name(key),
            argv=(*self._launching.command, str(folder.spec)),
            log=str(folder.runner_log),
            restart=Restart.NEVER,
            stop_timeout=STOP_TIMEOUT,
            order=ORDER,
        )

    def _settle_soon(self, key: str, run: Run, exit_code: int | None) -> None:
        now = self._clock.monotonic()
        if now >= self._not_before.get(key, now):
            self._not_before[key] = now + RETRY
            self._pool.submit(key, lambda: self._settle(run, exit_code))

    def _settle(self, run: Run, exit_code: int | None) -> None:
        """Store what the job left and how it ended. A full disk: tried again later."""
        if self.folders.began(run):
            self.folders.end_processes(job_key(run.workspace, run.id))
        try:
            now = self._runs.get(run.workspace, run.id)
            if now.status.terminal:
                return
            files = self.folders.salvage(now)
            if files:
                self._runs.put_files(run.workspace, run.id, files)
            result = self.folders.result(now) or self._guess(now, exit_code)
            self._end(now, result)
        except NotFound:
            return

    def _guess(self, run: Run, exit_code: int | None) -> JobResult:
        if run.status is RunStatus.CANCEL_REQUESTED:
            return JobResult(RunStatus.CANCELED)
        message = f"{lost(exit_code)} The script was ended with it; its log and files are kept."
        if not self.folders.began(run):
            message = "The job's folder was lost before it was run. Submit it again."
        return JobResult(RunStatus.FAILED, job_error("JobLost", message, exit_code=exit_code))


def lost(exit_code: int | None) -> str:
    """How a runner that told nothing has ended, in a sentence."""
    if exit_code is None:
        how = "is gone (the machine or the server was stopped)"
    elif exit_code < 0:
        how = f"was killed by signal {-exit_code} ({_signal(-exit_code)})"
    else:
        how = f"ended unexpectedly with code {exit_code}"
    return f"The process that looked after the script {how}."


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
