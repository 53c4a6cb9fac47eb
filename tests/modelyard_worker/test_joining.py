"""When answers share a write, with a channel that remembers its writes."""

import pytest

from modelyard_worker.answers import Answer
from modelyard_worker.channel import Closed
from modelyard_worker.executor import Outcome
from modelyard_worker.frames import RESPONSE, STARTED, Decoder
from modelyard_worker.loop import Loop
from tests.modelyard_worker.worker import request


class Channel:
    """Gives the lots one by one and keeps what was written, write by write."""

    def __init__(self, *lots):
        self.lots = [[request(id_) for id_ in lot] for lot in lots]
        self.writes = []
        self.polls = 0

    def receive(self):
        if not self.lots:
            raise Closed
        return self.lots.pop(0)

    def poll(self):
        self.polls += 1
        return []

    def send(self, data):
        self.writes.append([(frame.type, frame.id) for frame in Decoder().feed(data)])


class Page:
    def begin(self, id_):
        pass

    def finish(self):
        pass

    def keep(self, data):
        return len(data) < 65536

    def sent(self):
        pass


class Executor:
    def __init__(self, run_ms, size=2):
        self.run_ms = run_ms
        self.size = size

    def execute(self, frame):
        return Outcome(Answer(200, [], b"x" * self.size), self.run_ms)


def writes(lots, **facts):
    channel = Channel(*lots)
    Loop(channel, Page(), Executor(**facts)).serve()
    return channel


WARM = [[id_] for id_ in range(1, 9)]


def test_quick_answers_of_a_lot_share_one_write_and_no_other_system_call():
    channel = writes([*WARM, [11, 12, 13]], run_ms=0.02)

    assert channel.writes[-1] == [(RESPONSE, 11), (RESPONSE, 12), (RESPONSE, 13)]
    assert channel.polls == 0


def test_slow_answers_are_written_at_once_with_the_next_start():
    channel = writes([*WARM, [11, 12, 13]], run_ms=5.0)

    assert channel.writes[-3:] == [
        [(RESPONSE, 11), (STARTED, 12)],
        [(RESPONSE, 12), (STARTED, 13)],
        [(RESPONSE, 13)],
    ]


def test_before_anything_is_known_answers_are_written_at_once():
    channel = writes([[1, 2]], run_ms=0.02)

    assert channel.writes == [[(RESPONSE, 1), (STARTED, 2)], [(RESPONSE, 2)]]


@pytest.mark.parametrize(("size", "joined"), [(100, 3), (70_000, 1)])
def test_large_answers_are_not_held(size, joined):
    channel = writes([*WARM, [11, 12, 13]], run_ms=0.02, size=size)

    responses = [[frame for frame in write if frame[0] == RESPONSE] for write in channel.writes]
    assert len(responses[-1]) == joined
