"""Commands whose messages are streamed, and that end with us."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from modelyard.domain.errors import EnvironmentBuildFailed

_PATIENCE = 5.0
_LEASH = Path(__file__).with_name("leash.py")


class Children:
    """The commands that run now, so that they can all be stopped."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._running: set[subprocess.Popen[str]] = set()
        self._guard = threading.Lock()
        self._stopping = False

    def run(
        self,
        command: Sequence[str],
        cwd: Path,
        line: Callable[[str], None],
        timeout: float | None = None,
    ) -> int:
        """
        Run to the end, handing each line of standard error to ``line``; the exit code, negative
        when it was killed. What ``line`` raises kills the command and is raised again.
        """
        process = self._start(command, cwd)
        alarm = threading.Timer(timeout, _kill, [process]) if timeout else None
        try:
            if alarm:
                alarm.start()
            assert process.stderr is not None  # noqa: S101 - a pipe was asked for
            for text in process.stderr:
                line(text.rstrip())
            return process.wait()
        finally:
            if alarm:
                alarm.cancel()
            self._end(process)

    def stop(self) -> None:
        """Kill all that run now and refuse to start more. Repeatable."""
        with self._guard:
            self._stopping = True
            for process in self._running:
                _kill(process)

    def check(self) -> None:
        """Raises EnvironmentBuildFailed once they were stopped."""
        if self._stopping:
            raise EnvironmentBuildFailed("The build was stopped with its server; start it again.")

    def _start(self, command: Sequence[str], cwd: Path) -> subprocess.Popen[str]:
        with self._guard:
            self.check()
            process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
                [sys.executable, "-I", "-S", str(_LEASH), *command],
                cwd=cwd,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            self._running.add(process)
            return process

    def _end(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            _kill(process)
            process.wait()
            _wait_for_the_group(process)
        with self._guard:
            self._running.discard(process)
        for pipe in (process.stdin, process.stderr):
            if pipe is not None:
                pipe.close()


def _wait_for_the_group(process: subprocess.Popen[str]) -> None:
    """Until nobody holds its standard error, so that nobody writes files any more."""
    assert process.stderr is not None  # noqa: S101 - a pipe was asked for
    descriptor = process.stderr.fileno()
    while select.select([descriptor], [], [], _PATIENCE)[0] and os.read(descriptor, 65536):
        pass


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
