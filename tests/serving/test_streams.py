import http.client
import socket
from collections.abc import Callable

import pytest

from tests.serving.fronts import Front
from tests.waiting import wait_until

Start = Callable[..., Front]

STREAM = """
import json, os, time
def init(): pass
def run(data):
    asked = json.loads(data)
    def pieces():
        try:
            for number in range(asked["count"]):
                if number == asked.get("exit_at"):
                    os._exit(1)
                if number == asked.get("raise_at"):
                    raise ValueError("midway")
                yield ("%d\\n" % number) + "." * asked.get("size", 0)
                while asked.get("gate") and not os.path.exists(asked["gate"]):
                    time.sleep(0.01)
                time.sleep(asked.get("pause", 0))
        finally:
            print("closed after", number)
    return pieces()
"""


def test_a_generator_is_streamed(start: Start, short_folder: object) -> None:
    front = start(STREAM)
    gate = front.folder / "gate"
    body = b'{"count": 3, "gate": "%s"}' % str(gate).encode()

    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(front.socket))
        head = b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
        sock.sendall(head + body)
        seen = b""
        while b"0\n" not in seen.partition(b"\r\n\r\n")[2]:
            seen += sock.recv(1000)  # the first piece comes while run() waits for the gate
        gate.touch()
        while not seen.endswith(b"0\r\n\r\n"):
            seen += sock.recv(1000)

    assert b"2\n" in seen


def test_a_large_stream_arrives_whole(start: Start) -> None:
    front = start(STREAM)

    answer = front.score(count=300, size=100_000)

    assert answer.status == 200
    assert len(answer.body) > 30_000_000
    assert (front.status() or {})["in_flight"] == 0


def test_a_stream_may_last_longer_than_the_timeout_while_it_moves(start: Start) -> None:
    front = start(STREAM, scoring_timeout=0.6)

    answer = front.score(count=8, pause=0.15)

    assert answer.body.count(b"\n") == 8


def test_a_client_that_leaves_ends_its_stream(start: Start) -> None:
    front = start(STREAM)
    body = b'{"count": 100000, "size": 1000, "pause": 0.001}'

    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(front.socket))
        head = b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
        sock.sendall(head + body)
        seen = b""
        while b"0\n" not in seen.partition(b"\r\n\r\n")[2]:
            seen += sock.recv(1000)  # before its first piece the generator may not have begun

    wait_until(lambda: "closed after" in front.log(), what="the generator is closed")
    assert front.score(count=1).status == 200
    assert (front.status() or {})["restarts"] == 0


def test_a_crash_within_a_stream_is_seen_and_the_next_request_is_served(start: Start) -> None:
    front = start(STREAM)

    with pytest.raises(http.client.IncompleteRead) as broken:
        front.score(count=5, exit_at=2)

    assert broken.value.partial == b"0\n1\n"
    assert front.score(count=1).status == 200


def test_a_generator_that_raises_midway_is_seen_after_all_it_had_given(start: Start) -> None:
    front = start(STREAM)

    with pytest.raises(http.client.IncompleteRead) as broken:
        front.score(count=5, size=1_000_000, raise_at=3)

    assert len(broken.value.partial) == 3_000_006
    assert front.score(count=1).status == 200
    assert (front.status() or {})["in_flight"] == 0
