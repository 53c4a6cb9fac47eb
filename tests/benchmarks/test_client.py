"""The client of the benchmark, against a server that answers by a script."""

import json
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from benchmarks.serving_peers.client import Tally, at, load

ANSWERS = [
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n[1.0]",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1.0]\r\n0\r\n\r\n",
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    """Answers each request with the next of ANSWERS, byte by byte at times."""
    path = tmp_path / "s"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                number = 0
                while connection.recv(65536):
                    answer = ANSWERS[number % len(ANSWERS)]
                    pieces = [answer] if number % 2 else [answer[:20], answer[20:]]
                    for piece in pieces:
                        connection.sendall(piece)
                    number += 1

    thread = threading.Thread(target=serve)
    thread.start()
    yield path
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def test_every_kind_of_answer_is_understood_and_failures_are_counted(server: Path) -> None:
    request = b64encode(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n").decode()
    job = {"socket": str(server), "request": request, "connections": 1, "seconds": 0.2}

    found = uvloop.run(load(job))

    assert json.loads(json.dumps(found)) == found
    assert found["count"] > 3
    assert found["failed"].keys() == {"503"}
    assert abs(found["count"] - 2 * found["failed"]["503"]) <= 2
    assert 0 < found["p50"] <= found["p99"]


def test_few_answers_count_with_the_time_that_they_took() -> None:
    tally = Tally(1.0)
    tally.times, tally.ended = [2.0], [tally.begun + 2.0]

    assert tally.report()["rate"] == pytest.approx(0.5)


def test_a_percentile_is_the_time_that_this_share_is_not_above() -> None:
    times = [float(n) for n in range(1, 101)]

    assert (at(times, 0.5), at(times, 0.99), at([], 0.5)) == (51.0, 100.0, 0.0)
