"""A whole Modelyard of its own: real processes, a temporary home, a free port."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import urllib3

from tests.waiting import wait_until

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelyard-tests"
"""What all test runs on this machine share: built environments."""


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Yard:
    """One running server and how to speak to it."""

    home: Path
    port: int
    python: str = sys.executable
    extra: Mapping[str, str] = field(default_factory=dict)
    http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=30.0, maxsize=32)
    )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make SDK, CLI and server use this home."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MODELYARD_", "AZUREML"))}
        return {
            **kept,
            "MODELYARD_HOME": str(self.home),
            "MODELYARD_PORT": str(self.port),
            "MODELYARD_ENVIRONMENTS": str(CACHE / "environments"),
            **self.extra,
        }

    @property
    def token(self) -> str:
        return (self.home / "token").read_text().strip()

    def run(
        self, *argv: str, cwd: Path | None = None, check: bool = True, timeout: float = 240
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that uses this server; fails the test showing what it printed."""
        done = subprocess.run(
            argv, cwd=cwd, env=self.environment, capture_output=True, text=True, timeout=timeout
        )
        assert not check or done.returncode == 0, (
            f"{' '.join(argv)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def cli(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `modelyard` command."""
        return self.run(self.python, "-m", "modelyard", *argv, check=check)

    def up(self) -> None:
        self.run(self.python, "-P", "-m", "modelyard.bootstrap.up", "--detach")

    def down(self) -> None:
        self.run(self.python, "-P", "-m", "modelyard.bootstrap.down", check=False)

    def call(self, method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
        """A call of the REST API with the owner's token."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self.http.request(method, f"{self.url}/api/v1{path}", headers=headers, **more)

    def score(
        self, service: str, body: Any, *, workspace: str, key: str | None = None, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        """POST to the service's scoring address."""
        sent = {"Content-Type": "application/json", **headers}
        if key:
            sent["Authorization"] = f"Bearer {key}"
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return self.http.request(
            "POST", f"{self.url}/serve/{workspace}/{service}/score", body=data, headers=sent
        )

    def processes(self) -> list[psutil.Process]:
        """Every process that belongs to this home."""
        mark = str(self.home).encode()
        found = []
        for process in psutil.process_iter():
            try:
                text = Path(f"/proc/{process.pid}/environ").read_bytes()
            except OSError:
                continue
            mine = process.pid == os.getpid()
            if not mine and (mark in text or self._named(process)):
                found.append(process)
        return found

    def _named(self, process: psutil.Process) -> bool:
        try:
            return any(str(self.home) in part for part in process.cmdline())
        except psutil.Error:
            return False

    def pids(self, part: str) -> list[int]:
        """Processes of this home whose command line holds ``part``."""
        found = []
        for process in self.processes():
            try:
                if part in " ".join(process.cmdline()):
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found

    def kill_all(self) -> None:
        """End whatever is left of this home."""
        for process in self.processes():
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.Error:
                continue
        wait_until(lambda: not self.processes(), what="processes of the test's home to end")


@contextmanager
def yard(folder: Path, **extra: str) -> Iterator[Yard]:
    """A server that is up; everything of it is gone afterwards, also when the test failed."""
    place = Yard(home=folder / "home", port=free_port(), extra=extra)
    try:
        place.up()
        yield place
    finally:
        place.down()
        place.kill_all()
