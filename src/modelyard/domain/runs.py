"""Runs, their statuses, metrics and files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from modelyard.domain.errors import Conflict
from modelyard.domain.names import check_name


class RunStatus(StrEnum):
    """Azure's statuses of a run."""

    NOT_STARTED = "NotStarted"
    STARTING = "Starting"
    PROVISIONING = "Provisioning"
    PREPARING = "Preparing"
    QUEUED = "Queued"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"
    NOT_RESPONDING = "NotResponding"
    PAUSED = "Paused"

    @property
    def terminal(self) -> bool:
        """Whether nothing follows any more."""
        return self in {RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED}


class MetricKind(StrEnum):
    """How a metric was logged; decides the shape that ``get_metrics`` gives back."""

    SCALAR = "scalar"
    LIST = "list"
    ROW = "row"
    TABLE = "table"
    IMAGE = "image"
    CONFUSION_MATRIX = "confusion_matrix"
    ACCURACY_TABLE = "accuracy_table"
    RESIDUALS = "residuals"
    PREDICTIONS = "predictions"


@dataclass(frozen=True, slots=True)
class Metric:
    """One logged value; ``value`` is JSON-able, ``step`` orders a curve."""

    name: str
    kind: MetricKind
    value: Any
    logged: datetime
    step: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run by its '/'-separated path, its content by digest; ``size`` in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Run:
    """
    One training or scoring run of an experiment.

    ``order`` is the store's insertion number, set when it is added: newer runs have higher ones,
    and lists are paged by it. It does not count when runs are compared.
    """

    id: str
    workspace: str
    experiment: str
    number: int
    status: RunStatus
    created: datetime
    type: str = "azureml.scriptrun"
    name: str | None = None
    description: str = ""
    parent: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    target: str = "local"
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    definition: Mapping[str, Any] = field(default_factory=dict)
    snapshot: str | None = None
    submitted_by: str = ""
    order: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        check_name("run", self.id)

    @property
    def is_job(self) -> bool:
        """Whether the server runs it, not the caller."""
        return "job" in self.definition


def check_transition(run: Run, status: RunStatus) -> None:
    """Raises ``Conflict`` when the run has ended and the new status is another one."""
    if run.status.terminal and status != run.status:
        raise Conflict(
            f"Run {run.id!r} has ended as {run.status}; it cannot become {status}. "
            "Start a new run instead."
        )
