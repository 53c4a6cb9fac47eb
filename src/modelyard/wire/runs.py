"""Runs, their metrics and files."""

from datetime import datetime
from typing import Any

from modelyard.wire.base import Request, Wire


class RunRequest(Request):
    """
    Starts a run; ``id`` is made up when missing.

    ``status`` Running is an interactive run that the caller reports on. A ``job`` makes the server
    run it: {"source": snapshot digest, "script", "arguments": [...], "environment": {...}}.
    """

    experiment: str
    id: str | None = None
    name: str | None = None
    parent: str | None = None
    status: str = "Running"
    type: str = "azureml.scriptrun"
    target: str = "local"
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    snapshot: str | None = None
    definition: dict[str, Any] = {}
    submitted_by: str = ""


class RunChange(Request):
    """
    Changes what is not None; ``tags`` and ``properties`` are merged in.

    ``remove_tags`` names keys. A property once set to another value is refused (immutable).
    """

    status: str | None = None
    name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    remove_tags: list[str] | None = None
    properties: dict[str, str] | None = None
    error: dict[str, Any] | None = None
    snapshot: str | None = None


class Run(Wire):
    """A run."""

    id: str
    workspace: str
    experiment: str
    number: int
    status: str
    created: datetime
    type: str = "azureml.scriptrun"
    name: str | None = None
    description: str = ""
    parent: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    target: str = "local"
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    error: dict[str, Any] | None = None
    definition: dict[str, Any] = {}
    snapshot: str | None = None
    submitted_by: str = ""


class Metric(Wire):
    """One logged value; ``kind`` as in ``domain.runs.MetricKind``."""

    name: str
    kind: str
    value: Any
    logged: datetime | None = None
    step: int | None = None
    description: str = ""


class MetricBatch(Request):
    """Metrics in the order logged."""

    metrics: list[Metric]


class RunFile(Wire):
    """A file of a run: '/'-separated path, digest, size in bytes."""

    path: str
    sha256: str
    size: int


class RunFiles(Request):
    """Files to add or replace; their blobs must have been uploaded."""

    files: list[RunFile]
