"""A job's script as a process: with what command and variables it starts, and how it is ended."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from modelyard.bootstrap.job_leftovers import MARK
from modelyard.domain.jobs import JobFolder, JobSpec, job_key
from modelyard.telemetry import ingest

GRACE = 10.0
"""Seconds that a script has to end by itself when it is told to."""

_PASSED_ON = {"PATH", "HOME", "LANG", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "USER", "LOGNAME"}
_PASSED_ON_PREFIXES = ("LC_", "CUDA", "NVIDIA", "OMP")
"""What of the runner's own environment a script sees: nothing that could hold a secret of ours."""

_PR_SET_PDEATHSIG = 1


def command(spec: JobSpec) -> list[str]:
    """The script's command line."""
    if spec.command is not None:
        return ["/bin/sh", "-c", spec.command, "sh", *spec.arguments]
    return [spec.python, "-m", "modelyard_worker.job", str(spec.script), *spec.arguments]


def variables(spec: JobSpec, base: Mapping[str, str]) -> dict[str, str]:
    """
    The script's environment: a few of ours, the job's own, then the facts.

    The environment's programs come first on the PATH, our copy of the worker and its shims first
    on the PYTHONPATH; what tells the script where it is wins over all.
    """
    passed = {
        name: value
        for name, value in base.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
    address = spec.facts.get(ingest.INGEST, "")
    merged = {**passed, **ingest.variables(address), **spec.variables}
    folder = JobFolder(Path(spec.folder))
    ours = [spec.runtime, f"{spec.runtime}/modelyard_worker/shims"]
    path = [str(Path(spec.python).parent), merged.get("PATH", os.defpath)]
    merged |= {
        **spec.facts,
        "AZUREML_RUN_ID": spec.run,
        "AZUREML_ARM_WORKSPACE_NAME": spec.workspace,
        "AZUREML_ARM_PROJECT_NAME": spec.experiment,
        "AZUREML_RUN_TOKEN": spec.token,
        "AZUREML_SERVICE_ENDPOINT": spec.url,
        "MODELYARD_URL": spec.url,
        "MODELYARD_TOKEN": spec.token,
        "MODELYARD_FAULT_FILE": str(folder.fault),
        MARK: job_key(spec.workspace, spec.run),
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": os.pathsep.join([*ours, *filter(None, [merged.get("PYTHONPATH")])]),
        "PYTHONUNBUFFERED": "1",
    }
    if spec.isolated:
        merged["PYTHONNOUSERSITE"] = "1"
    merged.pop("PYTHONHOME", None)
    return merged


class Script:
    """
    The running script, in a session of its own.

    Must be made in the main thread: the kernel kills the script when the thread that started it
    ends, so that it does not outlive its runner.
    """

    def __init__(self, spec: JobSpec, base: Mapping[str, str]) -> None:
        """Raises OSError when the interpreter or the folder is not there."""
        folder = JobFolder(Path(spec.folder))
        log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own script
                command(spec),
                cwd=folder.work,
                env=variables(spec, base),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_dies_with_us(),
            )
        finally:
            os.close(log)
        self.pid = self._process.pid
        self._told: float | None = None

    def ended(self, timeout: float) -> int | None:
        """Its exit code (negative: a signal) when it has ended, or does within ``timeout``."""
        deadline = time.monotonic() + timeout
        while not self._dead():
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if self._told is not None and time.monotonic() - self._told > GRACE:
                self._signal(signal.SIGKILL)
            time.sleep(min(0.05, left))  # noqa: TID251 - short enough to be prompt, and no thread
        return self._reap()

    def tell_to_end(self) -> None:
        """SIGTERM to all of its group; who has not ended after ``GRACE`` is killed. Repeatable."""
        if self._told is None:
            self._told = time.monotonic()
            self._signal(signal.SIGTERM)

    def _dead(self) -> bool:
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self._process.poll() is not None
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found is not None

    def _reap(self) -> int:
        self._signal(signal.SIGKILL)  # what it left running, while the group's name is still taken
        return self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
            return


def _dies_with_us() -> Callable[[], None] | None:
    """What the child does before it becomes the script; loaded before the fork."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    return ask
