"""What the front merges, who gets it, and who gets the answers; no front, no worker."""

import json
from typing import Any

import msgspec

from modelyard.domain.predictors import Batching
from modelyard.serving.batches import BATCH_BYTES, Batches
from modelyard.serving.exchange import Answer
from modelyard.serving.messages import PartHead, request_head
from modelyard.serving.queue import WaitingQueue
from modelyard.serving.refusals import queue_timeout, worker_crashed
from modelyard.serving.tickets import Ticket


class Owner:
    """Keeps what it is told; also the pool to which parts go back."""

    def __init__(self) -> None:
        self.answers: dict[int, Any] = {}
        self.errors: dict[int, Exception] = {}
        self.back: list[Ticket] = []
        self.served = 0

    def answered(self, ticket: Ticket, answer: Answer) -> None:
        self.answers[ticket.id] = bytes(answer.body)

    def refused(self, ticket: Ticket, error: Exception) -> None:
        self.errors[ticket.id] = error

    def again(self, tickets, *, instead_of: int) -> None:
        self.back += tickets
        self.served -= instead_of

    def counted(self, more: int) -> None:
        self.served += more


class Waiting:
    """A queue with requests in it, and the batches that take from it."""

    def __init__(self, *heads: bytes, on: bool = True, body: bytes = b"{}", **batching: Any):
        self.owner = Owner()
        self.queue = WaitingQueue(10_000, 30.0)
        for at, head in enumerate(heads):
            self.queue.put(Ticket(at, head, body, float(at), self.owner), float(at))
        said = {"batching": {"on": on, "why": ""}}
        self.batches = Batches(Batching(**batching), lambda: said, self.owner)

    def take(self, idle: int = 1, room: int = 1) -> list[list[int]]:
        self.taken = self.batches.take(self.queue, idle, room)
        return [
            [part.id for part in ticket.subject] if ticket.owner is self.batches else [ticket.id]
            for ticket in self.taken
        ]

    @property
    def left(self) -> list[int]:
        return [ticket.id for ticket in self.queue]


POST = request_head("POST", "/score", "", [])
GET = request_head("GET", "/score", "a=1", [])
NARROW = b'{"tensors":[["x","FP64",[1,1],8]],"method":"predict"}'
WIDE = b'{"tensors":[["x","FP64",[1,2],16]],"method":"predict"}'


def envelope(*bodies: bytes) -> Answer:
    heads = [PartHead(len(body), 200, msgspec.Raw(b"[]"), 1.5) for body in bodies]
    return Answer(200, [], 1.5, b"".join(bodies), None, heads)


def test_all_that_wait_become_one():
    waiting = Waiting(*[POST] * 5)

    assert waiting.take() == [[0, 1, 2, 3, 4]]
    assert len(json.loads(waiting.taken[0].head)["batch"]) == 5
    assert waiting.taken[0].body == b"{}" * 5


def test_one_alone_travels_as_it_is():
    waiting = Waiting(POST)

    assert waiting.take() == [[0]]
    assert waiting.taken[0].head == POST


def test_no_more_than_may_be_are_merged():
    waiting = Waiting(*[POST] * 5, max_size=3)

    assert waiting.take() == [[0, 1, 2]]
    assert waiting.take() == [[3, 4]]


def test_idle_workers_share_what_waits():
    waiting = Waiting(*[POST] * 5)

    assert [waiting.take(idle=idle) for idle in (3, 2, 1)] == [[[0, 1]], [[2, 3]], [[4]]]


def test_a_batch_is_no_larger_than_its_bytes_may_be():
    waiting = Waiting(*[POST] * 40, body=b"x" * 60_000)

    (ids,) = waiting.take()

    assert len(ids) == BATCH_BYTES // 60_000
    assert waiting.left[0] == len(ids)


def test_a_large_body_is_never_merged():
    waiting = Waiting(POST, POST, body=b"x" * 70_000)

    assert [waiting.take(), waiting.take()] == [[[0]], [[1]]]


def test_what_cannot_be_merged_comes_alone_and_in_its_turn():
    waiting = Waiting(POST, GET, POST)

    assert [waiting.take(), waiting.take()] == [[[0, 2]], [[1]]]


def test_a_quick_worker_gets_what_cannot_be_merged_in_the_same_lot():
    waiting = Waiting(POST, GET, POST, NARROW)

    assert waiting.take(room=64) == [[0, 2], [1], [3]]
    assert waiting.left == []


def test_tensors_are_merged_with_their_like():
    waiting = Waiting(NARROW, WIDE, NARROW, body=b"x" * 8)

    assert waiting.take() == [[0, 2]]
    assert waiting.left == [1]


def test_each_part_gets_its_own_answer():
    waiting = Waiting(*[POST] * 3)
    waiting.take()

    waiting.taken[0].answer(envelope(b"a", b"", b"ccc"))

    assert waiting.owner.answers == {0: b"a", 1: b"", 2: b"ccc"}
    assert waiting.owner.served == 2


def test_tensors_come_back_by_rows():
    waiting = Waiting(NARROW, NARROW, body=b"x" * 8)
    waiting.take()

    tensors = [["y", "INT8", [2], 2]]
    waiting.taken[0].answer(Answer(200, [], 1.0, b"ab", tensors))

    assert waiting.owner.answers == {0: b"a", 1: b"b"}


def test_an_answer_that_cannot_be_parted_sends_each_back_alone():
    for answer in (
        envelope(b"a"),
        Answer(500, [], 1.0, b"failed"),
    ):
        waiting = Waiting(*[POST] * 2)
        waiting.take()

        waiting.taken[0].answer(answer)

        assert [ticket.id for ticket in waiting.owner.back] == [0, 1]
        assert waiting.owner.answers == {}
        assert waiting.owner.served == -1


def test_failed_tensors_are_tried_alone_once():
    waiting = Waiting(NARROW, NARROW, body=b"x" * 8)
    waiting.take()

    waiting.taken[0].answer(Answer(500, [], 1.0, b'{"message": "no"}'))
    waiting.queue.put_back(waiting.owner.back, 0.0)

    assert [waiting.take(), waiting.take()] == [[[0]], [[1]]]


def test_a_crash_sends_each_back_alone_and_forgets_who_has_left():
    waiting = Waiting(*[POST] * 3)
    waiting.take()
    waiting.taken[0].subject[1].leave()

    waiting.taken[0].refuse(worker_crashed("was killed", ""))

    assert [ticket.id for ticket in waiting.owner.back] == [0, 2]
    assert waiting.owner.errors == {}


def test_any_other_refusal_is_everyones():
    waiting = Waiting(*[POST] * 2)
    waiting.take()

    waiting.taken[0].refuse(queue_timeout(30, 30))

    assert set(waiting.owner.errors) == {0, 1}
    assert waiting.owner.back == []


def test_who_has_left_gets_no_answer():
    waiting = Waiting(*[POST] * 2)
    waiting.take()
    waiting.taken[0].subject[0].leave()

    waiting.taken[0].answer(envelope(b"a", b"b"))

    assert waiting.owner.answers == {1: b"b"}


def test_a_worker_waits_only_when_told_to():
    at_once, later = Waiting(POST), Waiting(POST, max_wait_ms=50.0)

    assert at_once.batches.patience(at_once.queue, 0.0) == 0.0
    assert later.batches.patience(later.queue, 0.01) == 0.04
    assert later.batches.patience(later.queue, 0.06) == 0.0


def test_nothing_is_merged_unless_the_worker_says_so():
    assert Waiting(on=True).batches.on
    assert not Waiting(on=False).batches.on
    assert not Waiting(on=True, max_size=1).batches.on
    assert not Batches(Batching(), lambda: None, Owner()).on
