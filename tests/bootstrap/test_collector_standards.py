"""A real collector beside a real front: what it samples, takes in and gives out."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import modelyard_worker
from modelyard import settings as settings_
from modelyard.collector.store import Store
from modelyard.settings import Settings
from modelyard.telemetry.ingest import Origin, address
from tests.serving.fronts import Front, UnixConnection
from tests.waiting import wait_until

IRIS = Origin("lab", "prices", "blue", 1, "front")

TRACKS = """
from applicationinsights import TelemetryClient

def init():
    global client
    client = TelemetryClient("<insert appinsights key>")

def run(data):
    client.track_metric("gpu", 42.0)
    return {}
"""


class Relay:
    """TCP to the collector's socket, as the gateway has it."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._target))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)


class Collector:
    """The process, its settings and how to ask it."""

    def __init__(self, home: Path) -> None:
        told = {"MODELYARD_HOME": str(home), "MODELYARD_SAMPLE_SECONDS": "1"}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MODELYARD_")}
        self.settings: Settings = settings_.read({**kept, **told})
        home.mkdir(parents=True)
        self.settings.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.settings.sockets / "control.sock").touch()  # it waits for the control plane
        self.log = home.parent / "collector.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "modelyard.bootstrap.collector"],
                env={**kept, **told},
                stderr=log,
            )

    @property
    def socket(self) -> Path:
        return self.settings.sockets / "collector.sock"

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        connection = UnixConnection(self.socket)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return self.ask("GET", "/metrics")[0] == 200
        except OSError:
            assert self.process.poll() is None, self.log.read_text()
            return False

    def samples(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        """By name, as the strict parser reads them."""
        _, page = self.ask("GET", "/metrics", accept="application/openmetrics-text")
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    def of_service(self, name: str) -> float | None:
        """The value of the one service there is."""
        values = [
            value
            for labels, value in self.samples().get(name, [])
            if labels.get("service_name") == "prices"
        ]
        return values[0] if values else None

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What it kept, read when it has ended."""
        self.stop()

        async def ask() -> list[tuple[Any, ...]]:
            store = Store(self.settings.telemetry)
            await store.start()
            try:
                return await store.query(sql)
            finally:
                await store.stop()

        return asyncio.run(ask())


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="my-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def collector(folder: Path) -> Iterator[Collector]:
    made = Collector(folder / "home")
    try:
        wait_until(made.answers)
        yield made
    finally:
        made.stop()
        for left in (made.settings.sockets, made.settings.rings):
            shutil.rmtree(left, ignore_errors=True)


@pytest.fixture
def front(folder: Path, collector: Collector) -> Iterator[Front]:
    """A service whose script reports by Microsoft's package."""
    relay = Relay(collector.socket)
    runtime, place = folder / "runtime", folder / "f"
    source = Path(str(modelyard_worker.__file__)).parent
    hidden = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, runtime / "modelyard_worker", ignore=hidden)
    place.mkdir()
    url = f"http://127.0.0.1:{relay.port}"
    made = Front(
        place,
        runtime,
        TRACKS,
        rings=str(collector.settings.rings),
        ingest=address(url, IRIS, collector.settings.ingest_key),
    )
    try:
        made.wait_for("ready")
        yield made
    finally:
        made.close()
        relay.close()


def test_what_a_script_tracks_and_its_processes_use_is_kept_and_shown(
    collector: Collector, front: Front
) -> None:
    answer = front.ask(body={"data": 1}, headers={"x-request-id": "request-7"})
    assert answer.status == 200

    wait_until(lambda: collector.of_service("ml_custom_metric_sum") == 42.0)
    wait_until(lambda: collector.of_service("http_server_request_duration_seconds_count") == 1)
    wait_until(lambda: collector.of_service("process_cpu_utilization_ratio") is not None)
    assert collector.of_service("process_count") == 2
    assert (collector.of_service("process_memory_usage_bytes") or 0) > 10e6

    found = collector.rows("SELECT name, value, operation_Id, service FROM customMetrics")
    (request,) = collector.rows("SELECT id, application_Version FROM requests")
    assert request[1] == "blue"
    assert found == [("gpu", 42.0, request[0], "prices")]
    sampled = collector.rows(
        "SELECT DISTINCT counter, unit, application_Version FROM performanceCounters "
        "WHERE service = 'prices'"
    )
    assert ("process.cpu.utilization", "1", "blue") in sampled
    assert ("process.memory.usage", "By", "blue") in sampled


def test_who_has_no_key_is_refused_and_malformed_or_huge_bodies_are_told(
    collector: Collector,
) -> None:
    base = address("", IRIS, collector.settings.ingest_key)
    json = {"content_type": "application/json"}

    assert collector.ask("POST", "/v1/traces", b"{}", **json)[0] == 401
    assert collector.ask("POST", "/telemetry/wrong/v2/track", b"[]")[0] == 400
    status, said = collector.ask("POST", f"{base}/v2/track", b'[{"a": }]')
    assert (status, "(byte 7)" in said) == (400, True)
    assert collector.ask("POST", f"{base}/v1/traces", b"{}", **json) == (200, "{}")
    with socket.socket(socket.AF_UNIX) as huge:
        huge.connect(str(collector.socket))
        head = f"POST {base}/v2/track HTTP/1.1\r\nhost: x\r\ncontent-length: 17000000\r\n\r\n"
        huge.sendall(head.encode())
        assert huge.recv(100).startswith(b"HTTP/1.1 413 ")
