"""A home of its own with real supervisors in it, and nothing left when it closes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from modelyard.domain.processes import ProcessSpec, ProcessStatus
from modelyard.supervisor.files import FileSupervision
from tests.waiting import wait_until

SLEEPER = "import signal; signal.pause()"
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\n"
    "while True: signal.pause()"
)


class Yard:
    """The home, and what a test does in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.run = home / "run"
        for folder in (self.run, home / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
        self.supervision = FileSupervision(self.run, epoch=1)
        self.supervisors: list[subprocess.Popen[bytes]] = []
        self.environment = {**os.environ, "YARD_OF_TEST": str(home)}

    def supervise(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a supervisor and wait until it is at work."""
        log = (self.home / "logs" / "supervisor.log").open("ab")
        with log:
            started = subprocess.Popen(
                [sys.executable, "-P", "-m", "modelyard.supervisor", str(self.home), *options],
                stdin=subprocess.DEVNULL,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        self.supervisors.append(started)
        record = self.run / "supervisor.json"
        pid = f'"pid": {started.pid},'

        def at_work() -> bool:
            # one that was told to stop may have ended before we look
            ended = started.poll() is not None
            return ended or (record.exists() and pid in record.read_text())

        wait_until(at_work, what="a supervisor")
        return started

    def spec(self, name: str, code: str = SLEEPER, **changes: object) -> ProcessSpec:
        """A small Python child."""
        values = {"log": str(self.home / "logs" / f"{name}.log"), "stop_timeout": 5.0, **changes}
        return ProcessSpec(name, (sys.executable, "-S", "-c", code), **values)  # type: ignore[arg-type]

    def status(self, name: str) -> ProcessStatus | None:
        return self.supervision.statuses().get(name)

    def pid(self, name: str, other_than: int = 0) -> int:
        """The pid of the running process, waiting for one other than ``other_than``."""

        def running() -> int:
            status = self.status(name)
            pid = status.pid if status and status.state == "running" else None
            return pid if pid and pid != other_than else 0

        return int(str(wait_until(running, what=f"{name} to run anew")))

    def log(self, name: str) -> str:
        path = self.home / "logs" / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def left(self) -> list[int]:
        """Pids of all processes started from this yard that still run."""
        mark = f"YARD_OF_TEST={self.home}".encode()
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdecimal() and mark in _environment(entry) and runs(int(entry.name))
        ]

    def clean(self) -> None:
        for supervisor in self.supervisors:
            if supervisor.poll() is None:
                supervisor.kill()
            supervisor.wait(10)
            if supervisor.stdout:
                supervisor.stdout.close()
        wait_until(self._kill_left, what="every process to be gone")

    def _kill_left(self) -> bool:
        """Kill what is left, again and again: one may just have been forked by another."""
        left = self.left()
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left


@contextmanager
def yard_in(home: Path) -> Iterator[Yard]:
    """A yard that is left without a process, also when the test fails."""
    made = Yard(home)
    try:
        yield made
    finally:
        made.clean()


def runs(pid: int) -> bool:
    """Whether there is such a process and it is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _environment(entry: Path) -> bytes:
    try:
        return (entry / "environ").read_bytes()
    except OSError:
        return b""
