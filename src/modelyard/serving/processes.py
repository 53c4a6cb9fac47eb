"""A worker as a process: started in its own session, watched by pidfd, killed as a group."""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path


class WorkerProcess:
    """
    A child whose end is told by ``exited``.

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
        self.pid = self._process.pid
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = self._loop.create_future()
        self._watch()

    def kill(self) -> None:
        """SIGKILL to all of its group; does nothing once it was reaped."""
        if self._process.returncode is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                self._process.kill()

    def _watch(self) -> None:
        if not hasattr(os, "pidfd_open"):  # macOS
            threading.Thread(target=self._wait, daemon=True).start()
            return
        self._pidfd = os.pidfd_open(self.pid)
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
        code = self._process.wait()
        if not self.exited.done():
            self.exited.set_result(code)
