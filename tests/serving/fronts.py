"""A front as a real process on sockets of its own, for tests."""

import http.client
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.waiting import wait_until

ECHO = """
import json, os, time
def init():
    print("ready to score")
def run(data):
    asked = json.loads(data)
    if "print" in asked:
        print(asked["print"])
    if "hold" in asked:
        held = bytearray(asked["hold"])
        held[::4096] = b"x" * len(held[::4096])
    if "sleep" in asked:
        time.sleep(asked["sleep"])
    if "wait_for" in asked:
        while not os.path.exists(asked["wait_for"]):
            time.sleep(0.01)
    if "exit" in asked:
        os._exit(asked["exit"])
    return {"pid": os.getpid(), **asked}
"""


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float = 30) -> None:
        super().__init__("front", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Front:
    """Started at once; ``wait_for(state)`` before use."""

    def __init__(self, folder: Path, runtime: Path, script: str, **spec: Any) -> None:
        self.folder = folder
        self.launcher = str(spec.pop("launcher", ""))
        self.app = folder / "app"
        self.app.mkdir(exist_ok=True)
        (self.app / "score.py").write_text(script)
        self.socket = folder / "s"
        self.control_socket = folder / "c"
        self.log_file = folder / "logs" / "service.log"
        self.spec = {
            "id": folder.name,
            "workspace": "lab",
            "service": "prices",
            "service_version": "blue",
            "revision": 1,
            "python": sys.executable,
            "runtime": str(runtime),
            "app_root": str(self.app),
            "entry_script": "score.py",
            "model_dir": str(folder),
            "socket": str(self.socket),
            "control_socket": str(self.control_socket),
            "log_file": str(self.log_file),
            **spec,
        }
        self.process = self.launch()

    def launch(self) -> "subprocess.Popen[str]":
        file = self.folder / "front.json"
        file.write_text(json.dumps(self.spec))
        program = ["-c", self.launcher] if self.launcher else ["-m", "modelyard.bootstrap.front"]
        return subprocess.Popen(
            [sys.executable, *program, str(file)],
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, state: str, timeout: float = 30) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            status = self.status()
            return status if status is not None and status["state"] == state else None

        found = wait_until(reached, timeout, f"state {state}: {self.status()}")
        assert isinstance(found, dict)
        return found

    def status(self) -> dict[str, Any] | None:
        try:
            return self.control(op="status")
        except OSError:
            return None

    def control(self, **message: Any) -> Any:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(30)
            sock.connect(str(self.control_socket))
            sock.sendall(json.dumps(message).encode() + b"\n")
            with sock.makefile() as answers:
                return json.loads(answers.readline())

    def ask(
        self,
        method: str = "POST",
        path: str = "/score",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = UnixConnection(self.socket)
        try:
            given = {"content-type": "application/json", **(headers or {})}
            connection.request(method, path, data, given)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def score(self, **body: Any) -> Answer:
        return self.ask(body=body)

    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()


class Background:
    """Requests in threads of their own; ``answers`` waits for all, in the order asked."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self._threads: list[threading.Thread] = []
        self._found: dict[int, Answer | Exception] = {}

    def score(self, **body: Any) -> None:
        number = len(self._threads)

        def ask() -> None:
            try:
                self._found[number] = self.front.score(**body)
            except (OSError, http.client.HTTPException) as error:
                self._found[number] = error

        thread = threading.Thread(target=ask)
        self._threads.append(thread)
        thread.start()

    def answers(self) -> list[Any]:
        for thread in self._threads:
            thread.join(60)
        return [self._found[number] for number in range(len(self._threads))]
