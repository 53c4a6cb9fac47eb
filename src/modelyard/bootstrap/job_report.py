"""What a job's runner tells the server, however long that is away."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from modelyard.domain.errors import (
    BadInput,
    Conflict,
    DiskFull,
    ModelyardError,
    Timeout,
    Unavailable,
)
from modelyard.domain.jobs import JobResult, JobSpec
from modelyard.sdk import folders, transfer
from modelyard.sdk.client import Client, path
from modelyard.wire import jobs as wire
from modelyard.wire import runs

PATIENCE = 30 * 60.0
"""Seconds that the end of a job waits for the server; after that the server finds it by itself."""

SHORT_PATIENCE = 10.0
"""The same when everything is being stopped, the server too."""

_PASSING = (Unavailable, Timeout, DiskFull)
_PAUSE = 0.5
_LONGEST_PAUSE = 5.0

Complain = Callable[[str], None]


class Report:
    """Speaks for one run."""

    def __init__(self, spec: JobSpec, complain: Complain) -> None:
        self.patience = PATIENCE
        self._client = Client(spec.url, spec.token, attempts=1)
        self._path = path("workspaces", spec.workspace, "runs", spec.run)
        self._complain = complain

    def status(self) -> str:
        """The run's status. Raises Unavailable and others, at once."""
        return self._client.get(self._path, runs.Run).status

    def now(self, status: str) -> None:
        """Set the status. Raises Unavailable and others, at once."""
        self._client.send("PATCH", self._path, runs.RunChange(status=status), runs.Run)

    def send(self, files: Mapping[str, Path]) -> None:
        """Keep files with the run. Raises Unavailable and others, at once."""
        bundle = folders.bundle(files)
        transfer.send_files(self._client, bundle, "Storing files")
        rows = [
            runs.RunFile(path=e.path, sha256=e.sha256, size=e.size) for e in bundle.manifest.files
        ]
        if rows:
            self._client.tell("POST", f"{self._path}/files", runs.RunFiles(files=rows))

    def send_all(self, files: Mapping[str, Path]) -> None:
        """Like ``send``, patiently; what cannot be kept at all is named in the log instead."""
        try:
            self._patiently(lambda: self.send(files))
        except ModelyardError:
            for name, place in files.items():
                try:
                    self._patiently(lambda one={name: place}: self.send(one))  # type: ignore[misc]
                except ModelyardError as error:
                    self._complain(f"{name!r} could not be kept: {error.message}")

    def end(self, result: JobResult) -> bool:
        """Tell how the job ended, patiently; whether the server has heard it."""
        told = wire.JobResult(
            status=result.status.value, error=dict(result.error) if result.error else None
        )
        try:
            self._patiently(
                lambda: self._client.send("POST", f"{self._path}/result", told, runs.Run)
            )
        except ModelyardError as error:
            self._complain(f"the server could not be told of the end: {error.message}")
            return False
        return True

    def patient_status(self) -> str:
        """The run's status, patiently. Raises when it cannot be had."""
        found: list[str] = []
        self._patiently(lambda: found.append(self.status()))
        return found[0]

    def _patiently(self, work: Callable[[], object]) -> None:
        deadline = time.monotonic() + self.patience
        pause = _PAUSE
        while True:
            try:
                work()
            except _PASSING:
                if time.monotonic() > deadline:
                    raise
            except (BadInput, Conflict):
                # a file that changed while it was sent; the next try sees it as it is then
                if time.monotonic() > deadline or pause > 4 * _PAUSE:
                    raise
            else:
                return
            time.sleep(pause)  # noqa: TID251 - nothing else to do until the server is back
            pause = min(pause * 2, _LONGEST_PAUSE)
