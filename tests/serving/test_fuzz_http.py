"""What no client should send, to a live front: it may refuse it, and answers the next good one."""

import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.serving.fronts import Front

SCRIPT = "def init(): pass\ndef run(data): return data\n"
GOOD = b'POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\n"hello?"'

ANSWER = b'"\\"hello?\\""'

METHODS = st.sampled_from(
    [b"GET", b"POST", b"OPTIONS", b"HEAD", b"PUT", b"BREW", b"", b"get", b"G\0T"]
)
TARGETS = st.sampled_from(
    [b"/score", b"/", b"/swagger.json", b"/v2/models/x/infer", b"/score?x=%zz&", b"*", b"//", b"",
     b"/%00%ff", b"/../../etc", b"http://[::1]:x/", b"/\xff\xfe", b"/" + b"a" * 9000]
)  # fmt: skip
VERSIONS = st.sampled_from(
    [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9.9", b"", b"X"]
)
LENGTHS = st.sampled_from(
    [b"0", b"5", b"-1", b"+5", b"5, 5", b"0x5", b"9" * 30, b"", b" 5 ", b"5;"]
)
NAMES = st.sampled_from(
    [b"host", b"content-type", b"accept", b"expect", b"connection", b"upgrade", b"x-request-id",
     b"x-ms-request-id", b"", b" a", b"a b", b"a\0", b"\xff", b"trailer", b"te", b"origin"]
)  # fmt: skip
VALUES = st.sampled_from(
    [b"x", b"100-continue", b"close", b"keep-alive, upgrade", b"h2c", b"application/json",
     b"application/vnd.apache.arrow.stream", b"multipart/form-data", b"a\rb", b"a\0b", b"\xff\xfe",
     b"", b"v" * 70_000]
)  # fmt: skip
CHUNKS = st.sampled_from(
    [b"5\r\nhello\r\n", b"5;a=b\r\nhello\r\n", b"0\r\n\r\n", b"0\r\nx: y\r\n\r\n", b"-1\r\nx\r\n",
     b"zz\r\n", b"ffffffffffffffff\r\nx", b"5\r\nhelloX\r\n", b"\r\n", b"1\nx\n",
     b"00000000005\r\nhello\r\n"]
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """One request, right in most places."""
    lines = [b" ".join((draw(METHODS), draw(TARGETS), draw(VERSIONS)))]
    lines += [b"%b: %b" % (draw(NAMES), draw(VALUES)) for _ in range(draw(st.integers(0, 4)))]
    body = b""
    for kind in draw(st.lists(st.sampled_from(["length", "chunks", "other"]), max_size=2)):
        if kind == "length":
            body += draw(st.binary(max_size=12))
            lines.append(b"content-length: %b" % draw(LENGTHS | st.just(b"%d" % len(body))))
        elif kind == "chunks":
            lines.append(b"transfer-encoding: chunked")
            body += b"".join(draw(st.lists(CHUNKS, max_size=4)))
        else:
            lines.append(b"transfer-encoding: %b" % draw(VALUES))
    end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"]))
    return end.join([*lines, b"", b""]) + body


ANYTHING = st.lists(requests() | st.just(GOOD) | st.binary(max_size=60), min_size=1, max_size=5)
OFTEN = settings(
    max_examples=int(os.environ.get("MODELYARD_FUZZ_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(scope="module")
def front(runtime: Path) -> Iterator[Front]:
    """One front for all of it: it must outlive everything."""
    with tempfile.TemporaryDirectory(prefix="my-") as folder:
        place = Path(folder) / "f"
        place.mkdir()
        front = Front(place, runtime, SCRIPT, scoring_timeout=5.0, body_limit=1_000_000)
        try:
            front.wait_for("ready")
            yield front
        finally:
            front.close()


def send(
    front: Front, pieces: Sequence[bytes], *, wait: float = 0.05, answers: int = 1_000
) -> bytes:
    """What comes back until nothing more does, or so many good answers have come."""
    found = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(front.socket))
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.settimeout(wait)
            while found.count(ANSWER) < answers and (data := connection.recv(65536)):
                found += data
        except (TimeoutError, ConnectionError):
            pass
    return found


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    at = sorted({min(place, len(data)) for place in places})
    return [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)]


def still_good(front: Front) -> None:
    assert front.process.poll() is None
    assert front.ask(body=b'"hello?"').body == ANSWER
    assert "unexpected" not in front.log()
    assert "Traceback" not in front.log()


@given(st.lists(requests() | st.just(GOOD), min_size=1, max_size=4))
@example([b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 500 + b"\r\n"])
@example([b"GET / HTTP/1.1\r\nx: " + b"y" * 500_000 + b"\r\n\r\n"])
@example([b"POST /score HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n"])
@OFTEN
def test_requests_one_after_the_other_are_answered_or_refused(
    front: Front, asked: list[bytes]
) -> None:
    answer = send(front, asked)

    assert answer == b"" or answer.startswith(b"HTTP/1.")
    still_good(front)


@given(ANYTHING, st.lists(st.integers(0, 400), max_size=8))
@OFTEN
def test_bytes_cut_anywhere_do_no_harm(
    front: Front, asked: list[bytes], places: list[int]
) -> None:
    send(front, cut(b"".join(asked), places), wait=0.02)

    still_good(front)


@given(st.integers(1, 12), requests())
@OFTEN
def test_good_requests_sent_at_once_are_all_answered_before_a_bad_one(
    front: Front, count: int, last: bytes
) -> None:
    answer = send(front, [GOOD * count + last], wait=3.0, answers=count)

    assert answer.count(ANSWER) >= count
    still_good(front)


@given(st.lists(st.integers(0, len(GOOD) - 1), min_size=1, max_size=5))
@OFTEN
def test_clients_that_leave_in_the_middle_do_no_harm(front: Front, places: list[int]) -> None:
    for place in places:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(front.socket))
            connection.sendall(GOOD[:place])

    still_good(front)


def test_many_connections_that_say_nothing_hold_nobody_up(front: Front) -> None:
    idle = []
    try:
        for _ in range(500):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(5)
            connection.connect(str(front.socket))
            connection.sendall(b"POST /score HTTP/1.1\r\nx:")
            idle.append(connection)
        still_good(front)
    finally:
        for connection in idle:
            connection.close()
