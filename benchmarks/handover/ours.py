"""Ours: a front's recorder, and the ring alone, while another process empties it."""

import time
from pathlib import Path

from benchmarks.handover.drain import drain
from benchmarks.handover.timing import FIELDS, Keep, main
from modelyard.serving.exchange import Answer
from modelyard.serving.http_request import Incoming
from modelyard.serving.messages import headers_of
from modelyard.serving.telemetry import Recorder
from modelyard.serving.tickets import Ticket
from modelyard.telemetry.records import About
from modelyard.telemetry.rings import REQUESTS_BYTES, create


def alone(folder: Path) -> Keep:
    """Ours: all that a front does for a request that a script answered, alone in its turn."""
    return _recorder(folder, 1)


def together(folder: Path) -> Keep:
    """Ours, 16 requests in one turn of the event loop; the last of them hands all over."""
    return _recorder(folder, 16)


def _recorder(folder: Path, turn: int) -> Keep:
    nobody = _Nobody()
    fields = [
        (b"host", b"x"),
        (b"content-type", b"application/json"),
        (b"x-request-id", FIELDS[1].encode()),
        (b"x-forwarded-for", b"10.0.0.7"),
        (b"content-length", b"13"),
    ]
    request = Incoming(nobody, b"POST", b"/score", fields)
    request.tag, request.began = FIELDS[1].encode(), time.monotonic()
    ticket = Ticket(1, b"{}", b'{"data": [1]}', time.monotonic(), nobody, request)
    ticket.given, ticket.worker = time.monotonic(), 1
    headers = b'[["content-type","application/json"],["x-ms-run-function-failed","False"]]'
    pairs, lines = headers_of(headers)
    answer = Answer(200, pairs, 0.9, b"[1]", lines=lines)
    ring_ = create(folder, "a.requests", REQUESTS_BYTES, About("front", "a"))
    recorder = Recorder(ring_, soon=None if turn == 1 else lambda _: None)
    answered, flush = recorder.answered, recorder.flush
    drain(folder)

    def keep(number: int) -> None:
        answered(request, ticket, answer, 200, 3)
        if number % turn == 0:
            flush()

    return keep if turn > 1 else lambda _: answered(request, ticket, answer, 200, 3)


def ring(folder: Path) -> Keep:
    """Ours, the ring alone, 100 bytes."""
    put = create(folder, "a.requests", REQUESTS_BYTES, About("front", "a")).put
    drain(folder)
    data = b"x" * 100
    return lambda _: put(data)


class _Nobody:
    """Whom answers go to."""

    def respond(self, *_: object) -> None: ...
    def send(self, *_: object) -> None: ...
    def answered(self, *_: object) -> None: ...
    def refused(self, *_: object) -> None: ...


if __name__ == "__main__":
    main({"alone": alone, "together": together, "ring": ring})
