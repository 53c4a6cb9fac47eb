"""Starting a server on a core of its own, asking it once, weighing it, ending it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.serving_peers.base import Command


@dataclass(frozen=True)
class Cores:
    """The core of the server and the core of the client; None where there is only one."""

    server: int | None
    client: int | None

    @contextmanager
    def starting_server(self) -> Iterator[None]:
        """Within it what is started runs on the server's core."""
        before = os.sched_getaffinity(0)
        if self.server is not None:
            os.sched_setaffinity(0, {self.server})
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)


def two_cores() -> Cores:
    """The last core for servers, the first for the client."""
    cores = sorted(os.sched_getaffinity(0))
    return Cores(cores[-1], cores[0]) if len(cores) > 1 else Cores(None, None)


class Server:
    """A running server and everything that it started."""

    def __init__(self, command: Command, cores: Cores, log: Path) -> None:
        environment = {**os.environ, **command.variables}
        self._log = log
        self.begun = time.perf_counter()
        with log.open("wb") as file, cores.starting_server():
            self._process = subprocess.Popen(
                [str(part) for part in command.argv], cwd=command.folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self._known: set[psutil.Process] = set()

    def family(self) -> list[psutil.Process]:
        """Its processes, also those that left its session; remembered, to be ended."""
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self._process.pid)
            self._known |= {root, *root.children(recursive=True)}
        return [process for process in self._known if process.is_running()]

    def pss(self) -> int:
        """Bytes of memory of all of it, shared pages by share."""
        return sum(pss(process.pid) for process in self.family())

    def processor(self) -> float:
        """Seconds of processor time that all of it has used so far."""
        used = 0.0
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                used += sum(process.cpu_times()[:2])
        return used

    def ended(self) -> bool:
        return self._process.poll() is not None

    def words(self) -> str:
        """The end of what it printed."""
        return self._log.read_text(errors="replace")[-1500:]

    def stop(self) -> None:
        """End all of it, kindly first."""
        family = self.family()
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        end([*family, *self.family()])
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def end(processes: Iterable[psutil.Process]) -> None:
    """Kill what is left of them."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def pss(pid: int) -> int:
    """Proportional set size of a process in bytes; 0 for one that is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
