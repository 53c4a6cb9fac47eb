"""The control plane as a process of its own: its socket, its token, its end."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from modelyard.settings import Settings, read
from tests.waiting import wait_until


class UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(str(self._path))


@dataclass
class Control:
    """A home and the control planes that run in it."""

    settings: Settings
    environment: dict[str, str]

    def __post_init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def socket(self) -> Path:
        return self.settings.sockets / "control.sock"

    def start(self) -> subprocess.Popen[bytes]:
        log = (self.settings.home / "control.log").open("ab")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "modelyard.bootstrap.control"],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def get(self, path: str) -> tuple[int, bytes]:
        connection = UnixConnection(self.socket)
        try:
            token = (self.settings.home / "token").read_text().strip()
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def healthy(self) -> bool:
        try:
            return self.get("/api/v1/health")[0] == 200
        except OSError:
            return False

    def log(self) -> str:
        return (self.settings.home / "control.log").read_text()


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    home = tmp_path / "home"
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MODELYARD_")}
    environment = {**kept, "MODELYARD_HOME": str(home), "MODELYARD_PORT": "1"}
    made = Control(read(environment), environment)
    yield made
    for process in made.processes:
        process.kill()
        process.wait()
    for path in made.settings.sockets.iterdir():
        path.unlink()
    made.settings.sockets.rmdir()


def test_it_serves_on_a_private_socket_with_a_private_token(control: Control) -> None:
    control.start()
    wait_until(control.healthy, what="the control plane to answer")

    token = control.settings.home / "token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert stat.S_IMODE(control.socket.stat().st_mode) == 0o600
    assert control.get("/api/v1/tokens")[0] == 200
    ready = control.settings.run / "server.json"
    assert json.loads(ready.read_text())["pid"] == control.processes[0].pid
    desired = json.loads((control.settings.run / "desired.json").read_text())
    assert "gateway" in json.dumps(desired)


def test_it_ends_when_told_and_leaves_no_socket(control: Control) -> None:
    process = control.start()
    wait_until(control.healthy)

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=15) == 0
    assert not control.socket.exists()
    assert "Traceback" not in control.log()


def test_after_a_kill_the_next_one_takes_over_with_the_same_token(control: Control) -> None:
    first = control.start()
    wait_until(control.healthy)
    token = (control.settings.home / "token").read_text()
    first.kill()
    first.wait()

    control.start()
    wait_until(control.healthy)

    assert (control.settings.home / "token").read_text() == token
    wait_until(lambda: "leading in epoch 2" in control.log())


def test_a_second_one_waits_its_turn(control: Control) -> None:
    first = control.start()
    wait_until(control.healthy)
    second = control.start()

    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=15) == 0

    wait_until(control.healthy)
    assert second.poll() is None


def test_what_it_cannot_use_is_one_sentence(control: Control) -> None:
    control.environment["MODELYARD_DATABASE_URL"] = "oracle://nowhere"

    process = control.start()

    assert process.wait(timeout=20) == 1
    assert "Traceback" not in control.log()
    assert "oracle" in control.log()
