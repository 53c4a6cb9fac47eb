"""Runs: started, reported on, ended; their metrics and files."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from modelyard.domain.errors import BadInput, NotFound
from modelyard.domain.experiments import Experiment
from modelyard.domain.manifests import check_digest, check_path
from modelyard.domain.names import short_id
from modelyard.domain.runs import Metric, MetricKind, Run, RunFile, RunStatus, check_transition
from modelyard.ports import BlobStore, Clock, ExperimentStore, RunStore, SnapshotStore
from modelyard.usecases.merging import merge_properties, merge_tags
from modelyard.usecases.near import did_you_mean
from modelyard.wire import runs as wire


def make_id(experiment: str, now: datetime) -> str:
    """``<experiment>_<unix seconds>_<8 hex>``, as Azure makes them."""
    return f"{experiment}_{int(now.timestamp())}_{secrets.token_hex(4)}"


def check_status(status: str) -> RunStatus:
    """Raises BadInput naming the statuses there are."""
    if status not in set(RunStatus):
        raise BadInput(
            f"{status!r} is no status of a run: it must be one of {', '.join(RunStatus)}."
        )
    return RunStatus(status)


def moved(run: Run, status: RunStatus, now: datetime) -> Run:
    """
    The run in its next status: started when it first runs, ended when nothing follows.

    One that shall be cancelled stays so until it has ended, whatever its process tells meanwhile.
    """
    check_transition(run, status)
    if run.status is RunStatus.CANCEL_REQUESTED and not status.terminal:
        return run
    started, ended = run.started, run.ended
    if started is None and status in {RunStatus.RUNNING, RunStatus.COMPLETED}:
        started = now
    if ended is None and status.terminal:
        ended = now
    return replace(run, status=status, started=started, ended=ended)


def wished(run: Run, status: RunStatus) -> RunStatus:
    """
    The status that a wish for this one leads to.

    A job has ended only when its process has: its runner tells. A script that says ``complete``
    or ``fail`` goes on until it ends, and one that shall be cancelled is ended first.
    """
    if not run.is_job or run.status.terminal or not status.terminal:
        return status
    return RunStatus.CANCEL_REQUESTED if status is RunStatus.CANCELED else run.status


def changed(run: Run, change: wire.RunChange, now: datetime) -> Run:
    """The run with the change made. Raises Conflict, Immutable, BadInput."""
    if change.status is not None:
        run = moved(run, wished(run, check_status(change.status)), now)
    return replace(
        run,
        name=run.name if change.name is None else change.name,
        description=run.description if change.description is None else change.description,
        tags=merge_tags(run.tags, add=change.tags, remove=change.remove_tags),
        properties=merge_properties(f"run {run.id!r}", run.properties, change.properties),
        error=run.error if change.error is None else change.error,
        snapshot=run.snapshot if change.snapshot is None else change.snapshot,
    )


class Runs:
    """What people do with runs."""

    def __init__(
        self,
        store: RunStore,
        experiments: ExperimentStore,
        manifests: SnapshotStore,
        blobs: BlobStore,
        clock: Clock,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._experiments = experiments
        self._manifests = manifests
        self._blobs = blobs
        self._clock = clock
        self._wake = wake

    def create(self, workspace: str, request: wire.RunRequest, submitted_by: str = "") -> Run:
        """A new run; its experiment is made if missing. Raises NotFound, AlreadyExists."""
        now = self._clock.now()
        experiment = Experiment(short_id("exp-"), workspace, request.experiment, now)
        run = Run(
            id=request.id or make_id(request.experiment, now),
            workspace=workspace,
            experiment=request.experiment,
            number=0,
            status=RunStatus.NOT_STARTED,
            created=now,
            type=request.type,
            name=request.name,
            parent=request.parent,
            target=request.target,
            tags=request.tags,
            properties=request.properties,
            definition=request.definition,
            snapshot=request.snapshot,
            submitted_by=request.submitted_by or submitted_by,
        )
        run = moved(run, check_status(request.status), now)
        if request.parent is not None:
            self._store.get(workspace, request.parent)
        if request.snapshot is not None:
            self._manifests.get(request.snapshot)
        self._experiments.ensure(experiment)
        return self._store.add(run)

    def get(self, workspace: str, id: str) -> Run:
        """Raises NotFound."""
        return self._store.get(workspace, id)

    def list(
        self,
        workspace: str,
        *,
        experiment: str | None = None,
        status: str | None = None,
        type: str | None = None,
        parent: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str | None] | None = None,
        include_children: bool = True,
        limit: int | None = None,
        before: int | None = None,
    ) -> Sequence[Run]:
        """Newest first. Raises NotFound without the experiment, BadInput for an unknown status."""
        if experiment is not None:
            self._experiments.get(workspace, experiment)
        if parent is not None:
            self._store.get(workspace, parent)
        return self._store.list(
            workspace,
            experiment=experiment,
            status=None if status is None else check_status(status),
            type=type,
            parent=parent,
            tags=tags,
            properties=properties,
            include_children=include_children,
            limit=limit,
            before=before,
        )

    def change(self, workspace: str, id: str, change: wire.RunChange) -> Run:
        """Raises NotFound, Conflict when it has ended otherwise, Immutable."""
        if change.snapshot is not None:
            self._manifests.get(change.snapshot)
        now = self._clock.now()
        run = self._store.change(workspace, id, lambda run: changed(run, change, now))
        if run.is_job and change.status is not None:
            self._wake()
        return run

    def add_metrics(self, workspace: str, id: str, metrics: Sequence[wire.Metric]) -> None:
        """Append in order. Raises NotFound, BadInput."""
        now = self._clock.now()
        self._store.add_metrics(workspace, id, [_metric(metric, now) for metric in metrics])

    def metrics(self, workspace: str, id: str, name: str | None = None) -> Sequence[Metric]:
        """In the order logged. Raises NotFound."""
        return self._store.metrics(workspace, id, name)

    def put_files(self, workspace: str, id: str, files: Sequence[wire.RunFile]) -> None:
        """
        Add or replace files whose bytes were uploaded before.

        Raises NotFound, BadInput; ``details['missing']`` names files that were not uploaded.
        """
        rows = [RunFile(check_path(f.path), check_digest(f.sha256), max(0, f.size)) for f in files]
        missing = self._blobs.missing(row.sha256 for row in rows)
        if missing:
            first = next(row.path for row in rows if row.sha256 in set(missing))
            raise BadInput(
                f"{first!r} was not uploaded; upload it (PUT /blobs/SHA256) first.",
                details={"missing": list(missing)[:1000]},
            )
        self._store.put_files(workspace, id, rows)

    def files(self, workspace: str, id: str) -> Sequence[RunFile]:
        """By path. Raises NotFound."""
        return self._store.files(workspace, id)

    def file(self, workspace: str, id: str, path: str) -> RunFile:
        """One file, './' stripped. Raises NotFound naming near files."""
        wanted = check_path(path)
        files = self._store.files(workspace, id)
        for file in files:
            if file.path == wanted:
                return file
        raise NotFound(
            f"Run {id!r} has no file {wanted!r}. " + did_you_mean(wanted, (f.path for f in files))
        )


def _metric(metric: wire.Metric, now: datetime) -> Metric:
    if not 1 <= len(metric.name) <= 255:
        raise BadInput(f"A metric's name has 1 to 255 characters; {metric.name[:40]!r} does not.")
    if metric.kind not in set(MetricKind):
        raise BadInput(
            f"{metric.kind!r} is no kind of metric: it must be one of {', '.join(MetricKind)}."
        )
    if metric.step is not None and not -(2**62) < metric.step < 2**62:
        raise BadInput(f"The step {metric.step} of {metric.name!r} is too large a number.")
    return Metric(
        name=metric.name,
        kind=MetricKind(metric.kind),
        value=metric.value,
        logged=metric.logged or now,
        step=metric.step,
        description=metric.description,
    )
