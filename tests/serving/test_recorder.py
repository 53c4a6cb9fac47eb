"""How records of requests are handed over together."""

from collections.abc import Callable
from pathlib import Path

import pytest

from modelyard.serving.exchange import Answer
from modelyard.serving.http_request import Incoming
from modelyard.serving.telemetry import LOT, Recorder
from modelyard.serving.tickets import Ticket
from modelyard.telemetry.encoding import Decoder
from modelyard.telemetry.records import Record, Request
from modelyard.telemetry.ring import RingReader, RingWriter


class Nobody:
    def respond(self, *_: object) -> None: ...
    def send(self, *_: object) -> None: ...
    def answered(self, *_: object) -> None: ...
    def refused(self, *_: object) -> None: ...


class Turn:
    """An event loop's turn: what is to be done at its end."""

    def __init__(self) -> None:
        self.later: list[Callable[[], None]] = []

    def end(self) -> None:
        later, self.later = self.later, []
        for do in later:
            do()


class Desk:
    """A recorder and whoever reads its ring."""

    def __init__(self, folder: Path, capacity: int = 0) -> None:
        self.turn = Turn()
        self.ring = RingWriter.create(folder / "a.ring", capacity)
        self.reader = RingReader.open(folder / "a.ring")
        self.recorder = Recorder(self.ring, soon=lambda do: self.turn.later.append(do))

    def answer(self, id: str, path: bytes = b"/score", sent: int = 3) -> None:
        request = Incoming(Nobody(), b"POST", path, [])
        request.tag, request.began = id.encode(), 1.0
        ticket = Ticket(1, b"{}", b"", 1.0, Nobody(), request)
        self.recorder.answered(request, ticket, Answer(200, [], 0.5, b"[1]"), 200, sent)

    def read(self) -> list[Record]:
        return Decoder().records(self.reader.read())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def ids(records: list[Record]) -> list[str]:
    return [record.id for record in records if isinstance(record, Request)]


def test_requests_of_one_turn_are_handed_over_at_its_end(desk: Desk) -> None:
    for id in "abc":
        desk.answer(id)
    early = desk.read()

    desk.turn.end()

    assert (early, ids(desk.read())) == ([], ["a", "b", "c"])


def test_a_turn_is_asked_for_its_end_once(desk: Desk) -> None:
    desk.answer("a")
    desk.answer("b")
    asked = len(desk.turn.later)
    desk.turn.end()
    desk.answer("c")

    assert (asked, len(desk.turn.later)) == (1, 1)


def test_many_are_not_kept_back(desk: Desk) -> None:
    for number in range(LOT + 1):
        desk.answer(str(number))

    assert len(desk.read()) == LOT


def test_what_would_make_too_large_a_lot_is_handed_over_one_by_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 4 * 1024**2)
    for number in range(8):
        desk.answer(str(number), b"/" + b"x" * 60_000)

    desk.turn.end()

    assert ids(desk.read()) == [*"01234567"]


def test_a_lot_that_finds_no_room_counts_as_many_as_it_has(desk: Desk) -> None:
    sent = 0
    while desk.ring.dropped == 0:
        for _ in range(10):
            desk.answer(f"{sent}", b"/" + b"x" * 2_000)
            sent += 1
        desk.turn.end()

    kept = 0
    while records := desk.read():
        kept += len(records)
    assert kept + desk.ring.dropped == sent


@pytest.mark.parametrize("others", ["", "abc"])
def test_a_record_that_cannot_be_written_is_counted_and_loses_no_other(
    desk: Desk, others: str
) -> None:
    for id in others:
        desk.answer(id)
    desk.answer("bad", sent=2**80)
    desk.answer("d")

    desk.turn.end()

    assert (ids(desk.read()), desk.reader.dropped) == ([*others, "d"], 1)
    desk.answer("e")
    desk.turn.end()
    assert ids(desk.read()) == ["e"]
