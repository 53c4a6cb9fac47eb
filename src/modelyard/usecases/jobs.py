"""Jobs: submitted, followed, ended. The reconciler of jobs brings about what is stored here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec

from modelyard.domain.errors import BadArchive, BadInput, NotFound
from modelyard.domain.jobs import LOG, Job, JobFolder, JobResult, job_key
from modelyard.domain.manifests import Manifest, check_path
from modelyard.domain.runs import Run, RunStatus
from modelyard.ports import BlobStore, Clock, RunStore
from modelyard.usecases.contents import checked_variables
from modelyard.usecases.environments import Environments
from modelyard.usecases.near import did_you_mean
from modelyard.usecases.runs import Runs, check_status, moved
from modelyard.usecases.snapshots import Snapshots
from modelyard.wire import jobs as wire
from modelyard.wire.environments import BuildRequest
from modelyard.wire.runs import RunRequest

_LOG_PIECE = 1024 * 1024


def job_of(run: Run) -> Job:
    """What the run's definition says is to be run."""
    return msgspec.convert(run.definition["job"], Job)


def folder_of(root: Path, run: Run) -> JobFolder:
    """Where the files of the run's job lie."""
    return JobFolder(root / job_key(run.workspace, run.id))


def ended(run: Run, result: JobResult, now: datetime) -> Run:
    """
    The run with the result taken over; one that has ended stays as it is.

    A script that told of its failure (``run.fail``) and then ended in order has failed.
    """
    if run.status.terminal:
        return run
    status, error = result.status, result.error
    if status is RunStatus.COMPLETED and run.error:
        status, error = RunStatus.FAILED, run.error
    return replace(moved(run, status, now), error=error or run.error)


class Jobs:
    """What people and runners do with jobs."""

    def __init__(
        self,
        runs: Runs,
        store: RunStore,
        snapshots: Snapshots,
        environments: Environments,
        blobs: BlobStore,
        clock: Clock,
        root: Path,
        wake: Callable[[], None],
    ) -> None:
        self._runs = runs
        self._store = store
        self._snapshots = snapshots
        self._environments = environments
        self._blobs = blobs
        self._clock = clock
        self._root = root
        self._wake = wake

    def submit(self, workspace: str, request: RunRequest, submitted_by: str = "") -> Run:
        """
        A new run that the server runs; what cannot work is refused at once.

        Raises NotFound, BadInput, BadEnvironment, AlreadyExists.
        """
        asked = _asked(request.definition["job"])
        source = self._snapshots.get(asked.source)
        script = _script(asked, source)
        self._snapshots.check_whole(source)
        variables = checked_variables({**asked.environment.variables, **asked.variables})
        build = self._environments.request_build(
            workspace, BuildRequest(definition=asked.environment)
        )
        job = Job(
            source=source.digest,
            recipe=build.digest,
            environment=msgspec.to_builtins(asked.environment),
            script=script,
            command=asked.command,
            arguments=tuple(_argument(text) for text in asked.arguments),
            variables=variables,
            timeout=_timeout(asked.timeout),
            notes=build.recipe.notes,
        )
        kept = {**request.definition, "job": msgspec.to_builtins(job)}
        wanted = msgspec.structs.replace(
            request, definition=kept, snapshot=source.digest, status=RunStatus.NOT_STARTED.value
        )
        run = self._runs.create(workspace, wanted, submitted_by)
        self._wake()
        return run

    def end(self, workspace: str, id: str, result: wire.JobResult) -> Run:
        """
        What its runner tells at the end. Repeatable: the first end stays.

        Raises NotFound, BadInput for a run that is no job or a status that is no end.
        """
        status = check_status(result.status)
        if not status.terminal:
            raise BadInput(f"A job ends as Completed, Failed or Canceled, not as {status}.")
        run = self.finish(workspace, id, JobResult(status, result.error))
        self._wake()
        return run

    def finish(self, workspace: str, id: str, result: JobResult) -> Run:
        """Like ``end``, for who has the result as a value."""
        now = self._clock.now()

        def decide(run: Run) -> Run:
            _check_job(run)
            return ended(run, result, now)

        return self._store.change(workspace, id, decide)

    def log(self, workspace: str, id: str, offset: int) -> tuple[bytes, int, Run]:
        """What the script printed from byte ``offset`` on, where to go on, and the run."""
        run = self._store.get(workspace, id)
        data = self._live_log(run, offset) if run.is_job else None
        if data is None:
            data = self._kept_log(run, offset)
        return data, offset + len(data), run

    def _live_log(self, run: Run, offset: int) -> bytes | None:
        try:
            with folder_of(self._root, run).log.open("rb") as stream:
                stream.seek(offset)
                return stream.read(_LOG_PIECE)
        except FileNotFoundError:
            return None

    def _kept_log(self, run: Run, offset: int) -> bytes:
        try:
            file = self._runs.file(run.workspace, run.id, LOG)
        except NotFound:
            return b""
        with self._blobs.open(file.sha256) as stream:
            stream.seek(offset)
            return stream.read(_LOG_PIECE)


def _asked(document: object) -> wire.JobRequest:
    try:
        return msgspec.convert(document, wire.JobRequest)
    except msgspec.ValidationError as error:
        raise BadInput(f"definition.job: {error}.", details={"field": "definition.job"}) from error


def _script(asked: wire.JobRequest, source: Manifest) -> str | None:
    if (asked.script is None) == (asked.command is None):
        raise BadInput("A job runs either a script or a command: say one of the two.")
    if asked.command is not None and (not asked.command.strip() or "\0" in asked.command):
        raise BadInput("The command of the job is empty, or holds a NUL character.")
    if asked.script is None:
        return None
    try:
        path = check_path(asked.script)
    except BadArchive as error:
        raise BadInput(f"script: {error}") from error
    paths = [file.path for file in source.files]
    if path not in paths:
        scripts = [p for p in paths if p.endswith(".py")]
        raise BadInput(
            f"The source folder has no script {path!r}. " + did_you_mean(path, scripts or paths),
            details={"field": "script"},
        )
    return path


def _argument(text: str) -> str:
    if "\0" in text:
        raise BadInput("An argument of the script holds a NUL character.")
    return text


def _timeout(seconds: float | None) -> float | None:
    if seconds is not None and not 0 < seconds < 2**31:
        raise BadInput(f"The timeout of a job is {seconds}: it must be a number of seconds.")
    return seconds


def _check_job(run: Run) -> None:
    if not run.is_job:
        raise BadInput(
            f"Run {run.id!r} is no job: its own process ends it (run.complete(), run.fail())."
        )
