"""The collector as a process of its own, and what it says over its socket."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelyard.bootstrap.collector_parts import collector_socket
from modelyard.settings import Settings, read
from tests.waiting import wait_until


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("collector", timeout=10)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self._path)


@dataclass
class Process:
    """One home's collector; started and killed again and again."""

    environment: dict[str, str]
    running: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def settings(self) -> Settings:
        # the sockets' folder is named by the temporary folder of the child
        return read(self.environment)

    def start(self, **more: str) -> "Process":
        control = self.settings.sockets / "control.sock"
        control.parent.mkdir(mode=0o700, exist_ok=True)
        control.touch()  # it waits for the control plane's socket
        log = self.settings.home.parent / "collector.log"
        with log.open("ab") as output:
            self.running = subprocess.Popen(
                [sys.executable, "-P", "-m", "modelyard.bootstrap.collector"],
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self.answers, 30, f"the collector; its log:\n{log.read_text()}")
        return self

    def answers(self) -> bool:
        assert self.running is None or self.running.poll() is None
        try:
            return self.ask("/api/v1/telemetry/status")[0] == 200
        except OSError:
            return False

    def ask(self, path: str, method: str = "GET", body: bytes = b"") -> tuple[int, Any]:
        connection = _Unix(collector_socket(self.settings))
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("/api/v1/telemetry/status")[1]
        return found

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self.running is not None
        os.kill(self.running.pid, number)
        code = self.running.wait(30)
        self.running = None
        return code

    def close(self) -> None:
        if self.running is not None and self.running.poll() is None:
            os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait(30)


@contextmanager
def collector_process(folder: Path, **more: str) -> Iterator[Process]:
    home = folder / "home"
    home.mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("MODELYARD_")
    }
    # sampling would write rows of its own
    environment |= {"MODELYARD_HOME": str(home), "MODELYARD_TELEMETRY_FREE": "1", **more}
    process = Process(environment)
    try:
        yield process
    finally:
        process.close()
        for left in (process.settings.sockets, process.settings.rings):
            shutil.rmtree(left, ignore_errors=True)
