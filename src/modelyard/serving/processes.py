"""Workers as processes: each in its own session, watched by pidfd, killed as a group."""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol


class Process(Protocol):
    """
    What a worker needs of its process. ``pid`` is 0 until it is there; ``born`` then gives None,
    or the reason why it never will be. ``exited`` gives its exit code, below 0 for a signal.
    """

    pid: int
    born: asyncio.Future[OSError | None]
    exited: asyncio.Future[int]

    def kill(self) -> None:
        """SIGKILL to all of its group; does nothing once it was reaped."""


class Child:
    """
    A child of this process, however it became one; its end is told by ``exited``.

    It must be in a session of its own, or about to be.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reaped = False
        self.pid = 0
        self.born: asyncio.Future[OSError | None] = self._loop.create_future()
        self.exited: asyncio.Future[int] = self._loop.create_future()

    def kill(self) -> None:
        """SIGKILL to all of its group; does nothing once it was reaped."""
        if self.pid and not self._reaped:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                with suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)

    def _watch(self, pid: int) -> None:
        self.pid = pid
        self.born.set_result(None)
        if not hasattr(os, "pidfd_open"):  # macOS
            threading.Thread(target=self._wait, daemon=True).start()
            return
        self._pidfd = os.pidfd_open(pid)
        self._loop.add_reader(self._pidfd, self._ended)

    def _ended(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._reap()

    def _wait(self) -> None:
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self._loop.call_soon_threadsafe(self._reap)

    def _reap(self) -> None:
        self.kill()  # what it started, while its pid (the group's name) is still taken
        self._reaped = True
        code = self._exit_code()
        if not self.exited.done():
            self.exited.set_result(code)

    def _exit_code(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class WorkerProcess(Child):
    """
    A program that this process starts.

    Must be made in the main thread: the worker asks the kernel to kill it when the thread that
    started it ends.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        variables: Mapping[str, str],
        output: int,
        passed: Sequence[int],
    ) -> None:
        """Raises OSError when the interpreter or the folder is not there."""
        super().__init__()
        self._process = subprocess.Popen(  # noqa: S603 - starting the model's interpreter is the trade
            list(command),
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=tuple(passed),
            start_new_session=True,
        )
        self._watch(self._process.pid)

    def _exit_code(self) -> int:
        return self._process.wait()
