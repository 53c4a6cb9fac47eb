"""Jobs: scripts that the server runs, each for one run."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelyard.domain.runs import RunStatus

LOG = "user_logs/std_log.txt"
"""The run's file that holds what the script printed; Azure's name of it."""

COLLECTED = ("outputs", "logs")
"""Folders below the script's working folder whose files are kept with the run."""

_LONGEST = 180


@dataclass(frozen=True, slots=True)
class Job:
    """
    What is run: a script with arguments, or a command of a shell, in a copy of the ``source``.

    ``source`` is a manifest's digest, ``recipe`` that of the environment's recipe. ``timeout`` in
    seconds.
    """

    source: str
    recipe: str
    environment: Mapping[str, Any] = field(default_factory=dict)
    script: str | None = None
    command: str | None = None
    arguments: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobSpec:
    """
    Everything that a job's runner is told; ``token`` opens the run's workspace only.

    ``isolated``: packages that the user installed for herself are not seen. ``rings`` is the
    folder for the ring of its telemetry, '' for none.
    """

    workspace: str
    run: str
    experiment: str
    folder: str
    python: str
    runtime: str
    url: str
    token: str
    script: str | None = None
    command: str | None = None
    arguments: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    isolated: bool = True
    rings: str = ""


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended: Completed, Failed or Canceled, and why."""

    status: RunStatus
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class JobFolder:
    """Where the files of one job lie; the script sees ``work`` only."""

    root: Path

    @property
    def work(self) -> Path:
        """The script's working folder: the source, and what it writes."""
        return self.root / "work"

    @property
    def log(self) -> Path:
        """What the script prints."""
        return self.root / "std_log.txt"

    @property
    def spec(self) -> Path:
        """What the runner is told; holds a token."""
        return self.root / "spec.json"

    @property
    def mark(self) -> Path:
        """There since a runner began: a job is never run twice."""
        return self.root / "runner.json"

    @property
    def runner_log(self) -> Path:
        """What the runner itself has to say."""
        return self.root / "runner.log"

    @property
    def result(self) -> Path:
        """How it ended, until the server knows."""
        return self.root / "result.json"

    @property
    def fault(self) -> Path:
        """The exception that ended the script."""
        return self.root / "fault.json"


def job_key(workspace: str, run_id: str) -> str:
    """Names a job's folder and process; neither name can hold the '.' that parts them."""
    key = f"{workspace}.{run_id}"
    if len(key) <= _LONGEST:
        return key
    return f"{key[:140]}.{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def job_error(code: str, message: str, **more: Any) -> dict[str, Any]:
    """A run's error in Azure's shape, with what else is known."""
    known = {name: value for name, value in more.items() if value is not None}
    return {"error": {"code": code, "message": message, **known}}
