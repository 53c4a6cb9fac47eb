"""A run outside a job: what is logged is printed, nothing is sent."""

from __future__ import annotations

import secrets
from typing import Any, Dict, List, Optional

from azureml.core._logging import LogsMetrics
from azureml.core._metrics import shape
from azureml.core._values import texts
from azureml.exceptions import RunEnvironmentException


class OfflineRun(LogsMetrics):
    """Outside a job: what is logged is printed; nothing is sent."""

    def __init__(self) -> None:
        self.id = "OfflineRun_" + secrets.token_hex(16)
        self.run_id = self.id
        self.status = "Running"
        self.tags: Dict[str, str] = {}
        self.properties: Dict[str, str] = {}
        self._logged: List[Dict[str, Any]] = []

    def _keep(self, metric: Dict[str, Any]) -> None:
        self._logged.append(metric)
        print(
            "Attempted to log %s metric %s:\n%s"
            % (metric["kind"], metric["name"], metric["value"])
        )

    def _keep_image(self, name: str, content: bytes) -> str:
        return "%s (%d bytes, not kept: offline run)" % (name, len(content))

    def get_metrics(self, name: Optional[str] = None, **_: Any) -> Dict[str, Any]:
        """What was logged, in Azure's shapes."""
        return shape(each for each in self._logged if name in (None, each["name"]))

    def set_tags(self, tags: Dict[str, Any]) -> None:
        """Set tags."""
        self.tags.update(texts(tags))

    def tag(self, key: str, value: Any = None) -> None:
        """Set one tag."""
        self.set_tags({key: value})

    def add_properties(self, properties: Dict[str, Any]) -> None:
        """Set properties."""
        self.properties.update(texts(properties))

    def get_status(self) -> str:
        """Running, until it was ended."""
        return self.status

    def child_run(self, *_: Any, **__: Any) -> OfflineRun:
        """Another offline run."""
        return OfflineRun()

    def upload_file(self, *_: Any, **__: Any) -> None:
        """Nothing is sent."""

    upload_files = upload_folder = flush = start = upload_file

    def complete(self, _set_status: bool = True) -> None:
        """Mark it as completed."""
        self.status = "Completed"

    def fail(self, *_: Any, **__: Any) -> None:
        """Mark it as failed."""
        self.status = "Failed"

    def __enter__(self) -> OfflineRun:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        self.status = "Completed" if kind is None else "Failed"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RunEnvironmentException(
            "An offline run has no %s: submit the script with "
            "experiment.submit(ScriptRunConfig(...))." % name
        )
