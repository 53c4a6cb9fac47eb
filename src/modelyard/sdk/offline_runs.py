"""A run outside a job: what is logged is printed and kept in this process only."""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from modelyard.sdk import metric_values
from modelyard.sdk.errors import RunEnvironmentException
from modelyard.sdk.run_files import normal
from modelyard.sdk.run_logging import LogsMetrics
from modelyard.sdk.workspaces import texts
from modelyard.wire.runs import Metric


class OfflineRun(LogsMetrics):
    """
    What ``Run.get_context()`` gives outside a job, so that a training script runs by itself.

    Nothing reaches a server: files stay where they are, metrics are printed.
    """

    def __init__(self) -> None:
        self.id = f"OfflineRun_{secrets.token_hex(16)}"
        self.run_id = self.id
        self.status = "Running"
        self.type = "OfflineRun"
        self.parent = None
        self._tags: dict[str, str] = {}
        self._properties: dict[str, str] = {}
        self._metrics: list[Metric] = []
        self._files: dict[str, Path] = {}

    def _keep(self, metric: Metric) -> None:
        self._metrics.append(metric)
        print(f"Attempted to log {metric.kind} metric {metric.name}:\n{metric.value}")

    def _keep_image(self, file_name: str, content: bytes) -> str:
        return f"{file_name} ({len(content)} bytes, not kept: offline run)"

    @property
    def experiment(self) -> Any:
        """Raises: only runs of a workspace have one."""
        raise self._nowhere("experiment")

    def register_model(self, model_name: str, *_: Any, **__: Any) -> Any:
        """Raises: there is no workspace to register in."""
        raise self._nowhere("register_model")

    def get_metrics(self, name: str | None = None, *_: Any, **__: Any) -> dict[str, Any]:
        """What was logged, in Azure's shapes."""
        return metric_values.shape(m for m in self._metrics if name in {None, m.name})

    def upload_file(self, name: str, path_or_stream: Any, datastore_name: Any = None) -> None:
        """Nothing is sent; the name is remembered."""
        self._files[normal(name)] = Path(str(path_or_stream))

    def upload_files(self, names: Iterable[str], paths: Iterable[str], *_: Any, **__: Any) -> None:
        """Nothing is sent; the names are remembered."""
        for name, path in zip(names, paths, strict=True):
            self.upload_file(name, path)

    def upload_folder(self, name: str, path: str, datastore_name: Any = None) -> None:
        """Nothing is sent; the name is remembered."""
        self.upload_file(name, path)

    def get_file_names(self) -> list[str]:
        """The names that were uploaded."""
        return sorted(self._files)

    def tag(self, key: str, value: Any = None) -> None:
        """Set one tag."""
        self._tags.update(texts({key: value}))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags; the others stay."""
        self._tags.update(texts(tags))

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Remove tags by key."""
        for key in [tags] if isinstance(tags, str) else tags:
            self._tags.pop(key, None)

    def get_tags(self) -> dict[str, str]:
        """The tags."""
        return dict(self._tags)

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Set properties."""
        self._properties.update(texts(properties))

    def get_properties(self) -> dict[str, str]:
        """The properties."""
        return dict(self._properties)

    tags = property(get_tags)
    properties = property(get_properties)

    def get_status(self) -> str:
        """Running, until it was ended."""
        return self.status

    def get_details(self) -> dict[str, Any]:
        """What there is to say."""
        return {"runId": self.id, "target": "local", "status": self.status,
                "properties": self.get_properties(), "runDefinition": {}, "logFiles": {},
                "inputDatasets": [], "outputDatasets": []}  # fmt: skip

    def child_run(self, *_: Any, **__: Any) -> "OfflineRun":
        """Another offline run."""
        return OfflineRun()

    def start(self) -> None:
        """It runs already."""

    def flush(self, timeout_seconds: float = 300) -> None:
        """Nothing is under way."""

    def complete(self, _set_status: bool = True) -> None:
        """Mark it as completed."""
        self.status = "Completed"

    def fail(
        self, error_details: Any = None, error_code: Any = None, _set_status: Any = True
    ) -> None:
        """Mark it as failed."""
        self.status = "Failed"

    def cancel(self) -> None:
        """Mark it as cancelled."""
        self.status = "Canceled"

    def __enter__(self) -> "OfflineRun":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self.status = "Completed" if error is None else "Failed"

    def _nowhere(self, name: str) -> RunEnvironmentException:
        return RunEnvironmentException(
            f"An offline run has no {name}: this process belongs to no run. Start one with "
            "experiment.start_logging(), or submit the script with "
            "experiment.submit(ScriptRunConfig(...))."
        )
