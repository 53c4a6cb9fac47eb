"""Runs."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

import modelyard
from modelyard import settings
from modelyard.domain.runs import RunStatus
from modelyard.sdk import metric_values
from modelyard.sdk.client import Client, path
from modelyard.sdk.errors import (
    RunEnvironmentException,
    UserErrorException,
    not_supported,
    raised_as,
)
from modelyard.sdk.metric_queue import MetricQueue
from modelyard.sdk.offline_runs import OfflineRun
from modelyard.sdk.output_watch import OutputWatch
from modelyard.sdk.run_details import details, portal_url
from modelyard.sdk.run_facts import RunFacts, why
from modelyard.sdk.run_family import HasChildren, listed
from modelyard.sdk.run_logging import LogsMetrics
from modelyard.sdk.run_models import RegistersModels
from modelyard.wire import runs as wire
from modelyard.wire.environments import EnvironmentDefinition


class Run(LogsMetrics, RunFacts, HasChildren, RegistersModels):
    """
    One run of an experiment.

    As a context manager it completes at the end of the block, or fails with its error.
    """

    def __init__(
        self,
        experiment: "modelyard.Experiment",
        run_id: str,
        outputs: Any = None,
        *,
        _found: wire.Run | None = None,
        _collect: Sequence[str] = (),
        _root: Path | None = None,
        **_: Any,
    ) -> None:
        del outputs
        self._experiment = experiment
        self._workspace = experiment.workspace
        self._client: Client = experiment.workspace.service_context
        self._id = run_id
        with raised_as(UserErrorException):
            self._facts = _found or self._client.get(self._path, wire.Run)
        self._metrics = MetricQueue(self._send_metrics)
        self._watch = OutputWatch(_root or Path.cwd(), _collect, self._put) if _collect else None

    # --- which run

    @classmethod
    def get_context(
        cls, allow_offline: bool = True, used_for_context_manager: bool = False, **_: Any
    ) -> "Run | OfflineRun":
        """
        The run that this process works for; outside a job one that is kept nowhere.

        Raises ``RunEnvironmentException`` outside a job when ``allow_offline`` is False.
        """
        job = settings.read_job()
        if job is not None:
            return cls.get(modelyard.Workspace.get(job.workspace), job.run_id)
        if not allow_offline:
            raise RunEnvironmentException(
                "This process belongs to no run. Start one with experiment.start_logging(), or "
                "submit the script with experiment.submit(ScriptRunConfig(...))."
            )
        return OfflineRun()

    @staticmethod
    def get(workspace: "modelyard.Workspace", run_id: str) -> "Run":
        """The run of that id."""
        with raised_as(UserErrorException):
            facts = workspace.service_context.get(
                path("workspaces", workspace.name, "runs", run_id), wire.Run
            )
        return Run(modelyard.Experiment(workspace, facts.experiment), run_id, _found=facts)

    @staticmethod
    def list(
        experiment: "modelyard.Experiment",
        type: str | None = None,
        tags: Any = None,
        properties: Any = None,
        status: str | None = None,
        include_children: bool = False,
        _rehydrate_runs: bool = True,
    ) -> "Iterator[Run]":
        """Runs of the experiment that fit all filters, newest first."""
        query = {"experiment": experiment.name, "status": status, "type": type,
                 "include_children": include_children}  # fmt: skip
        yield from listed(experiment, query, tags, properties)

    @classmethod
    def get_submitted_run(cls, **kwargs: Any) -> "Run | OfflineRun":
        """The same as ``get_context``."""
        return cls.get_context(**kwargs)

    @staticmethod
    def list_by_compute(compute: Any, *_: Any, **__: Any) -> "Iterator[Run]":
        """Not there: all runs are this machine's."""
        raise not_supported("Run.list_by_compute", "Use Run.list(experiment).")

    @staticmethod
    def add_type_provider(runtype: str, run_factory: Any) -> None:
        """Nothing to do: every type is a ``Run`` here."""

    # --- the end of a run

    def start(self) -> None:
        """Mark it as running."""
        self._change(wire.RunChange(status=RunStatus.RUNNING))

    def complete(self, _set_status: bool = True) -> None:
        """Store what is under way and mark the run as completed."""
        self._finish(wire.RunChange(status=RunStatus.COMPLETED) if _set_status else None)

    def fail(
        self, error_details: Any = None, error_code: str | None = None, _set_status: bool = True
    ) -> None:
        """Store what is under way and mark the run as failed."""
        text = "" if error_details is None else str(error_details)
        error = {"error": {"code": error_code or "UserError", "message": text}}
        change = wire.RunChange(status=RunStatus.FAILED, error=error)
        self._finish(change if _set_status else None)

    def cancel(self) -> None:
        """Mark it as cancelled; a script that was submitted is ended first."""
        self._finish(wire.RunChange(status=RunStatus.CANCELED))

    def flush(self, timeout_seconds: float = 300) -> None:
        """Wait until all metrics and output files are stored."""
        with raised_as(UserErrorException):
            self._metrics.flush(timeout_seconds)
            if self._watch is not None:
                self._watch.collect()

    def clean(self) -> None:
        """Nothing to do: a run leaves nothing on a compute target."""

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        if error is None:
            self.complete()
        else:
            self.fail(f"{type(error).__name__}: {error}", error_code=type(error).__name__)

    # --- what is known of it

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: str | None = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """
        Metrics by name, in Azure's shapes; with ``recursive`` also those of the children, by id.
        """
        self._metrics.flush()
        with raised_as(UserErrorException):
            found = self._client.items(f"{self._path}/metrics", wire.Metric)
            shaped = metric_values.shape(m for m in found if name in {None, m.name})
        if not recursive:
            return shaped
        children = self.get_children(recursive=True, type=run_type)
        return {**shaped, **{c.id: c.get_metrics(name) for c in children}}

    def get_details(self) -> dict[str, Any]:
        """Status, times, properties and more under Azure's keys."""
        return details(self._read(), self._log_files(), self._experiment)

    def get_details_with_logs(self) -> dict[str, Any]:
        """The details with the text of each log."""
        found = self.get_details()
        found["logFiles"] = {name: self._text(name) for name in found["logFiles"]}
        return found

    def get_all_logs(self, destination: str | None = None) -> "Items[str]":
        """Save all logs below a folder; their paths."""
        root = Path(destination or ".")
        for name in self._log_files():
            self.download_file(name, str(root / name))
        return [str(root / name) for name in self._log_files()]

    def get_status(self) -> str:
        """The status as the server knows it now."""
        return self._read().status

    def get_detailed_status(self) -> dict[str, Any]:
        """The status with the reason of a failure."""
        facts = self._read()
        return {"status": facts.status, "details": why(facts)}

    def get_environment(self) -> "modelyard.Environment":
        """The environment of a submitted script."""
        job = self._facts.definition.get("job")
        if not job:
            raise UserErrorException(
                f"Run {self.id!r} was not submitted: it used its own process's Python."
            )
        definition = msgspec.convert(job["environment"], EnvironmentDefinition)
        return modelyard.Environment._from_definition(definition)

    def get_portal_url(self) -> str:
        """The page of the run."""
        return portal_url(self._client.url, self._workspace.name, self.id)

    def get_secret(self, name: str) -> Any:
        raise not_supported("Run.get_secret", "Pass secrets as environment variables.")

    def get_secrets(self, secrets: Any) -> Any:
        raise not_supported("Run.get_secrets", "Pass secrets as environment variables.")

    # --- how

    @property
    def _path(self) -> str:
        return path("workspaces", self._workspace.name, "runs", self._id)

    def _read(self) -> wire.Run:
        with raised_as(UserErrorException):
            self._facts = self._client.get(self._path, wire.Run)
        return self._facts

    def _change(self, change: wire.RunChange) -> wire.Run:
        with raised_as(UserErrorException):
            self._facts = self._client.send("PATCH", self._path, change, wire.Run)
        return self._facts

    def _finish(self, change: wire.RunChange | None) -> None:
        self.flush()
        if self._watch is not None:
            self._watch.close()
        if change is not None:
            self._change(change)

    def _keep(self, metric: wire.Metric) -> None:
        with raised_as(UserErrorException):
            self._metrics.put(metric)

    def _send_metrics(self, metrics: Sequence[wire.Metric]) -> None:
        batch = wire.MetricBatch(metrics=[*metrics])
        self._client.tell("POST", f"{self._path}/metrics", batch)

    def _keep_image(self, file_name: str, content: bytes) -> str:
        self._put_stream(file_name, io.BytesIO(content))
        return f"aml://artifactId/ExperimentRun/dcid.{self.id}/{file_name}"

    def _log_files(self) -> "Items[str]":
        return [n for n in self.get_file_names() if n.startswith(("logs/", "user_logs/"))]


Items = list
