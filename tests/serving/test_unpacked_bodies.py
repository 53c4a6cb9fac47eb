"""What a body unpacks to counts against what all bodies may hold together."""

from types import SimpleNamespace
from typing import Any

import pytest

from modelyard.serving.exchange import Prepared, Reply
from modelyard.serving.http_request import Incoming
from modelyard.serving.refusals import Refusal
from modelyard.serving.scoring import Scoring

MEGABYTE = 1024 * 1024
UNPACKED = bytes(40 * MEGABYTE)


class Unpacking:
    def prepare(self, request: Any, body: bytes) -> Prepared:
        return Prepared(b"{}", UNPACKED, lambda _, headers: Reply(200, headers))


def small_request(client: Any) -> Incoming:
    request = Incoming(client, b"POST", b"/score", [])
    request.body = b"small"
    return request


def test_small_bodies_that_unpack_to_much_are_refused_when_they_fill_the_memory() -> None:
    queued: list[Any] = []
    standing: Any = SimpleNamespace(in_flight=0)
    pool: Any = SimpleNamespace(queue=SimpleNamespace(full=False), submit=queued.append)
    spec: Any = SimpleNamespace(body_limit=16 * MEGABYTE)  # for all together: 64 MB
    nobody: Any = None
    scoring = Scoring(spec, pool, standing, nobody, lambda: None, nobody)
    first, second = small_request(nobody), small_request(nobody)
    protocols: Any = Unpacking()

    scoring.admit(first)
    scoring.predict(first, protocols)
    scoring.admit(second)
    with pytest.raises(Refusal, match="bytes that all bodies may have together"):
        scoring.predict(second, protocols)
    scoring.release(second)
    scoring.release(first)
    third = small_request(nobody)
    scoring.admit(third)
    scoring.predict(third, protocols)

    assert [ticket.subject for ticket in queued] == [first, third]
