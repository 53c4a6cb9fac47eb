import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.bootstrap.collector_parts import collector_socket
from modelyard.telemetry import rings
from modelyard.telemetry.encoding import encode
from modelyard.telemetry.records import About
from modelyard.telemetry.ring import RingWriter
from tests.collector.processes import Process, collector_process
from tests.collector.stores import request
from tests.waiting import wait_until

RECORDS = 12_000


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    with collector_process(tmp_path) as made:
        yield made


def ring_of(process: Process, name: str = "front-1.requests") -> RingWriter:
    about = About("front", name, "ws", "svc", "blue", 1)
    return rings.create(process.settings.rings, name, rings.REQUESTS_BYTES, about)


def requests_of(process: Process) -> int:
    return int(process.status()["rows"].get("requests", 0))


def test_kills_in_the_middle_of_what_comes_lose_and_double_nothing(
    process: Process,
) -> None:
    ring = ring_of(process)
    dropped = []
    enough = threading.Event()  # on a slow machine it takes longer to start than to produce
    pause = threading.Event().wait

    def produce() -> None:
        while len(dropped) < RECORDS or not enough.is_set():
            dropped.append(not ring.put(encode(request(f"id{len(dropped)}"))))
            if len(dropped) % 40 == 0:
                pause(0.01 if len(dropped) < RECORDS else 0.2)

    process.start()
    producer = threading.Thread(target=produce)
    producer.start()
    kills = 0
    while producer.is_alive() and kills < 4:
        seen = requests_of(process)
        wait_until(lambda: requests_of(process) > seen or not producer.is_alive())  # noqa: B023
        process.kill()
        kills += 1
        if kills == 2:
            enough.set()
        process.start()
    producer.join()
    sent = len(dropped)

    wait_until(lambda: requests_of(process) >= sent, 30, f"all of them: {process.status()}")
    ring.close()
    wait_until(lambda: not list(process.settings.rings.glob("*.ring")), 30)

    assert kills >= 2
    assert not any(dropped)
    assert requests_of(process) == sent
    assert process.status()["dropped"] == {}


def test_told_to_end_it_writes_what_has_come_and_leaves_no_socket(process: Process) -> None:
    process.start()
    ring = ring_of(process)
    for number in range(1000):
        ring.put(encode(request(f"id{number}")))

    assert process.kill(signal.SIGTERM) == 0

    assert not (process.settings.sockets / "collector.sock").exists()
    assert not (process.settings.sockets / "collector-log.sock").exists()
    ring.close()
    for left in process.settings.rings.glob("*.ring"):
        left.unlink()
    process.start()
    assert requests_of(process) == 1000


def test_without_room_on_the_disk_it_says_so_and_goes_on_by_itself(process: Process) -> None:
    process.start()
    assert process.running is not None
    ring = ring_of(process)
    ring.put(encode(request("before")))
    wait_until(lambda: requests_of(process) == 1)
    size = (process.settings.telemetry / "telemetry.duckdb").stat().st_size
    _, hard = resource.prlimit(process.running.pid, resource.RLIMIT_FSIZE)

    resource.prlimit(process.running.pid, resource.RLIMIT_FSIZE, (size + 4096, hard))
    for number in range(3000):
        ring.put(encode(request(f"during{number}" + "x" * 500)))

    wait_until(lambda: process.status()["problems"], 30)
    assert "There is no room left for telemetry" in process.status()["problems"][0]
    resource.prlimit(process.running.pid, resource.RLIMIT_FSIZE, (hard, hard))

    wait_until(lambda: requests_of(process) == 3001, 30)
    wait_until(lambda: process.status()["problems"] == [])
    assert process.status()["dropped"] == {}
    ring.close()


def test_below_the_room_that_must_stay_free_nothing_is_written(tmp_path: Path) -> None:
    with collector_process(tmp_path, MODELYARD_TELEMETRY_FREE=str(2**60)) as process:
        process.start()
        ring = ring_of(process)
        ring.put(encode(request("one")))

        wait_until(lambda: "MODELYARD_TELEMETRY_FREE" in " ".join(process.status()["problems"]))

        assert not list(process.settings.telemetry.glob("*.duckdb"))
        ring.close()


def test_a_second_collector_of_a_home_ends_with_a_sentence(process: Process) -> None:
    process.start()

    done = subprocess.run(
        [sys.executable, "-P", "-m", "modelyard.bootstrap.collector"],
        env=process.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "stop it first" in done.stderr
    assert "Traceback" not in done.stderr
    assert process.answers()


def test_a_body_that_is_too_large_is_refused_before_it_has_come(process: Process) -> None:
    process.start()

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(collector_socket(process.settings)))
        client.sendall(b"POST /v2/track HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\nx")
        answer = client.recv(65536)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"too_large"' in answer
