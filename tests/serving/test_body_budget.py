import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.serving.fronts import Front
from tests.serving.test_crashes import in_flight
from tests.waiting import wait_until

Start = Callable[..., Front]
MB = 1024 * 1024
LIMIT = 20 * MB  # so that all bodies together may have 80

COUNT = """
from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from azureml.contrib.services.aml_response import AMLResponse
def init(): pass
@rawhttp
def run(request):
    size = str(len(request.get_data())).encode()
    return AMLResponse(iter([size, b" bytes"]), 200)
"""


@contextmanager
def half_sent(front: Front, count: int) -> Iterator[list[socket.socket]]:
    """Clients that say 20 MB each, send a little and then nothing."""
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(count)]
        for number, client in enumerate(clients, 1):
            client.connect(str(front.socket))
            head = f"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: {LIMIT}\r\n\r\n"
            client.sendall(head.encode() + b"x" * 1000)
            in_flight(front, number)
        yield clients


def test_bodies_still_being_read_are_bounded_together(start: Start) -> None:
    front = start(body_limit=LIMIT)

    with half_sent(front, 4) as clients:
        refused = front.score(text="x" * 100_000)
        small = front.score(text="x" * 60_000)
        clients[0].close()
        in_flight(front, 3)
        fits = front.score(text="x" * 100_000)

    assert (refused.status, refused.json["code"]) == (503, "body_budget")
    assert int(refused.headers["retry-after"]) >= 1
    assert small.status == 200
    assert fits.status == 200


def test_a_body_in_chunks_counts_by_what_has_come(start: Start) -> None:
    front = start(body_limit=LIMIT)

    with half_sent(front, 4), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(str(front.socket))
        client.sendall(b"POST /score HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        client.sendall(b"2\r\n{}\r\n")
        client.sendall(b"11170\r\n" + b" " * 70_000 + b"\r\n")  # and no end
        head = client.recv(100)

    assert head.startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("script", ["whole", "stream"])
def test_a_request_that_has_ended_gives_its_part_back(start: Start, script: str) -> None:
    front = start(COUNT, body_limit=LIMIT) if script == "stream" else start(body_limit=LIMIT)
    body = b"{}" + b" " * 12 * MB

    with half_sent(front, 3):
        statuses = []
        for _ in range(3):
            statuses.append(front.ask(body=body).status)
            in_flight(front, 3)

    assert statuses == [200] * 3
    wait_until(lambda: (front.status() or {})["in_flight"] == 0)
