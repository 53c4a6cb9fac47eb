"""A gateway with its process, fronts and callers: what the tests of this folder stand on."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from modelyard.domain.routing import Backend, Route, RoutingTable
from modelyard.domain.services import Auth
from modelyard.gateway.binary import find_haproxy
from modelyard.gateway.haproxy import HaproxyGateway
from modelyard.gateway.layout import Layout
from modelyard.gateway.runtime import Runtime
from modelyard.testing.gateway import Answer, key_hash
from tests.gateway.fronts import FrontServer
from tests.waiting import wait_until


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        return json.loads(self.body)


class Yard:
    def __init__(self, home: Path, **layout: object) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="my-gw-"))
        self._listening: list[socket.socket] = []
        self.fronts: dict[str, FrontServer] = {}
        self.layout = Layout(
            **{
                "host": "127.0.0.1",
                "port": self.free_port(),
                "folder": home / "run" / "gateway",
                "sockets": self.folder / "sockets",
                "control_socket": self.folder / "control.sock",
                "log": home / "logs" / "gateway.log",
                "hostname": "testmachine",
                "max_body": 1_000_000,
                "ledgers": self.folder / "ledgers",
                **layout,
            }
        )
        self.gateway = HaproxyGateway(self.layout, find_haproxy(), start_timeout=3.0)
        self.runtime = Runtime(self.layout.master_socket, self.layout.runtime_socket)
        self.process: subprocess.Popen[bytes] | None = None
        self.control = FrontServer("control", self.layout.control_socket)
        self.collector: FrontServer | None = None

    def start(self) -> None:
        """As the supervisor would."""
        spec = self.gateway.process()
        with Path(spec.log).open("ab") as log:
            self.process = subprocess.Popen(
                spec.argv, cwd=spec.cwd, stdout=log, stderr=log, start_new_session=True
            )

    def up(self) -> "Yard":
        self.gateway.prepare()
        self.collector = FrontServer("collector", self.layout.collector_socket)
        self.layout.collector_socket.chmod(0o600)
        self.start()
        wait_until(self.runtime.stamp, what=f"gateway up: {self.log()}")
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        if self.process is None:
            return None
        if self.process.poll() is None:
            os.kill(self.process.pid, how)
        code = self.process.wait(20)
        self.process = None
        return code

    def close(self) -> None:
        self.stop(signal.SIGKILL)
        for front in [*self.fronts.values(), self.control, self.collector]:
            if front is not None:
                front.close()
        for listening in self._listening:
            listening.close()
        rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        return self.layout.log.read_text() if self.layout.log.exists() else ""

    def front(self, id: str, timeout: float = 20.0) -> Backend:
        return self.several(id, id, timeout=timeout)

    def several(self, id: str, *fronts: str, timeout: float = 20.0) -> Backend:
        """A backend of several fronts, each started unless it runs."""
        paths = [self.folder / f"{front}.sock" for front in fronts]
        for front, path in zip(fronts, paths, strict=True):
            if front not in self.fronts:
                self.fronts[front] = FrontServer(front, path)
        return Backend(id, tuple(map(str, paths)), timeout)

    def lose(self, id: str) -> None:
        self.fronts.pop(id).close()

    def active(self, id: str) -> int:
        """Requests that HAProxy has with a front now."""
        rows = self.runtime.stats("@1", 2)
        return next(int(row["scur"]) for row in rows if row["pxname"] == f"be_{id}")

    def free_port(self) -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def taken_port(self) -> int:
        listening = socket.socket()
        self._listening.append(listening)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        return int(listening.getsockname()[1])

    def connect(self, port: int | None = None) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", port or self.layout.port, timeout=20)

    def call(
        self,
        path: str,
        method: str = "POST",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> Reply:
        connection = self.connect(port)
        try:
            return exchange(connection, path, method, body, headers)
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.layout.port), timeout=20) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def ask(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        port: int | None = None,
        version: str | None = None,
    ) -> Answer:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        if version is not None:
            headers["azureml-model-deployment"] = version
        reply = self.call(path, method, headers=headers, port=port)
        said = reply.json
        return Answer(
            reply.status,
            str(said.get("code", "")),
            _who(said),
            said.get("path"),
        )


def _who(said: Mapping[str, object]) -> str | None:
    front = said.get("front")
    if front != "collector":
        return front
    told = said["headers"]
    workspace, role = (told.get(f"x-modelyard-{name}") for name in ("workspace", "role"))
    return f"collector {workspace}/{role}" if workspace else "collector nobody"


def exchange(
    connection: http.client.HTTPConnection,
    path: str,
    method: str = "POST",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    with contextlib.suppress(BrokenPipeError):  # as urllib3 does: refused before it was all sent
        connection.request(method, path, body, dict(headers or {}))
    response = connection.getresponse()
    return Reply(
        response.status,
        {name.lower(): value for name, value in response.getheaders()},
        response.read(),
    )


def route(
    backend: str | None = "a",
    service: str = "svc",
    auth: Auth = Auth.OFF,
    keys: tuple[str, ...] = (),
    port: int | None = None,
    cors: bool = False,
) -> Route:
    return Route("ws", service, auth, backend, tuple(map(key_hash, keys)), port, cors)


def table(routes: Route | tuple[Route, ...], *backends: Backend) -> RoutingTable:
    routes = (routes,) if isinstance(routes, Route) else routes
    return RoutingTable(routes, {b.id: b for b in backends})
