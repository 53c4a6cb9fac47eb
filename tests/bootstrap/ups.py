"""``up`` and ``down`` as a person calls them, with a control plane that is only healthy."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from modelyard.settings import Settings, read
from tests.supervisor.yard import Yard

UP = """
import sys
from modelyard import settings
from modelyard.bootstrap import up
up.CONTROL_COMMAND = tuple(sys.argv.pop().split("|"))
up.up.__kwdefaults__["control"] = up.CONTROL_COMMAND
sys.exit(up.main(sys.argv[1:]))
"""


class Ups:
    """Calls with the environment of one home; foreground ones are ended with the test."""

    def __init__(self, yard: Yard, port: int, runtime: str, control: Sequence[str]) -> None:
        self.yard = yard
        self.control = tuple(control)
        self.environment = {
            **yard.environment,
            "MODELYARD_HOME": str(yard.home),
            "MODELYARD_PORT": str(port),
            "XDG_RUNTIME_DIR": runtime,
        }
        self._foreground: list[subprocess.Popen[str]] = []

    @property
    def settings(self) -> Settings:
        return read(self.environment)

    def up(self, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._up("--detach"),
            env={**self.environment, **changes},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def up_in_the_foreground(self) -> subprocess.Popen[str]:
        started = subprocess.Popen(
            self._up(),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._foreground.append(started)
        return started

    def down(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "modelyard.bootstrap.down", *options],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def supervisor(self) -> int:
        pids = [pid for pid in self.yard.left() if b"modelyard.supervisor" in command_of(pid)]
        assert len(pids) == 1, pids
        return pids[0]

    def kill_supervisor(self) -> None:
        os.kill(self.supervisor(), signal.SIGKILL)

    def close(self) -> None:
        for started in self._foreground:
            if started.poll() is None:
                started.kill()
            started.communicate(timeout=20)

    def _up(self, *options: str) -> list[str]:
        return [sys.executable, "-c", UP, *options, "|".join(self.control)]


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
