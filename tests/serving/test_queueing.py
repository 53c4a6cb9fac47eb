import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelyard.serving.queue import WaitingQueue
from modelyard.serving.refusals import Refusal
from modelyard.serving.tickets import Ticket
from tests.serving.fronts import Background, Front
from tests.serving.test_crashes import in_flight
from tests.waiting import wait_until

Start = Callable[..., Front]


def test_a_full_queue_is_said_with_the_time_to_come_back(start: Start, short_folder: Path) -> None:
    front = start(queue_limit=2)
    gate = short_folder / "gate"
    requests = Background(front)
    for number in range(3):
        requests.score(wait_for=str(gate))
        in_flight(front, number + 1)

    refused = front.score()
    gate.touch()

    assert (refused.status, refused.json["code"]) == (503, "queue_full")
    assert int(refused.headers["retry-after"]) >= 1
    assert [answer.status for answer in requests.answers()] == [200] * 3


@pytest.mark.parametrize(("waited", "said"), [(0.0, "1"), (2.1, "3"), (500.0, "30")])
def test_a_full_queue_asks_to_come_back_when_those_in_it_have_had_their_turn(
    waited: float, said: str
) -> None:
    queue = WaitingQueue(2, 30.0)
    nobody: Any = object()
    for number in range(2):
        queue.put(Ticket(number, b"{}", b"{}", 10.0 + number, nobody), 10.0 + number)

    with pytest.raises(Refusal) as caught:
        queue.put(Ticket(3, b"{}", b"{}", 10.0 + waited, nobody), 10.0 + waited)

    assert dict(caught.value.headers)["retry-after"] == said


def test_a_request_that_waits_too_long_is_let_go(start: Start, short_folder: Path) -> None:
    front = start(queue_wait=0.3)
    gate = short_folder / "gate"
    requests = Background(front)
    requests.score(wait_for=str(gate))
    in_flight(front, 1)

    refused = front.score()
    gate.touch()

    assert (refused.status, refused.json["code"]) == (503, "queue_timeout")
    assert "retry-after" in refused.headers
    assert requests.answers()[0].status == 200


def test_several_workers_run_at_the_same_time(start: Start, short_folder: Path) -> None:
    front = start(workers=2)
    gate = short_folder / "gate"
    wait_until(lambda: (front.status() or {})["ready_workers"] == 2)
    requests = Background(front)

    for number in range(2):
        requests.score(print=f"request {number} runs", wait_for=str(gate))
    wait_until(lambda: all(f"request {number} runs" in front.log() for number in range(2)))
    gate.touch()

    assert len({answer.json["pid"] for answer in requests.answers()}) == 2


def test_a_request_whose_client_left_is_never_run(start: Start, short_folder: Path) -> None:
    front = start()
    gate, mark = short_folder / "gate", short_folder / "mark"
    requests = Background(front)
    requests.score(wait_for=str(gate))
    in_flight(front, 1)
    body = b'{"print": "the one that left", "wait_for": "%s"}' % str(mark).encode()

    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(front.socket))
        head = b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
        sock.sendall(head + body)
        in_flight(front, 2)
    in_flight(front, 1)
    gate.touch()
    requests.answers()

    assert front.score().status == 200
    assert "the one that left" not in front.log()


def test_many_at_once_all_get_their_own_answer(start: Start) -> None:
    front = start(workers=2, queue_limit=1000)
    wrong: list[int] = []

    def ask(number: int) -> None:
        for step in range(40):
            answer = front.score(number=number, step=step)
            if answer.status != 200 or answer.json["number"] != number:
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong
    assert (front.status() or {})["served"] == 640


def quick(front: Front) -> None:
    """Have the front see that run() takes next to nothing, so that it gives out lots."""
    for _ in range(30):
        front.score()


def test_what_came_in_a_lot_with_a_slow_request_waits_no_longer_than_others(
    start: Start, short_folder: Path
) -> None:
    front = start(queue_wait=0.5)
    gate = short_folder / "gate"
    quick(front)
    requests = Background(front)
    for _ in range(6):
        requests.score(wait_for=str(gate))
    in_flight(front, 6)

    in_flight(front, 1)
    gate.touch()

    answers = sorted(requests.answers(), key=lambda answer: answer.status)
    assert [answer.status for answer in answers] == [200] + [503] * 5
    assert {answer.json["code"] for answer in answers[1:]} == {"queue_timeout"}
    assert front.score().status == 200


def test_what_came_in_a_lot_with_a_slow_request_is_run_once_by_whoever_is_free(
    start: Start, short_folder: Path
) -> None:
    front = start(workers=2)
    gates = [short_folder / "one", short_folder / "two"]
    wait_until(lambda: (front.status() or {})["ready_workers"] == 2)
    quick(front)
    slow, behind = Background(front), Background(front)
    for number in range(12):
        (slow if number < 2 else behind).score(
            print=f"number {number} runs", wait_for=str(gates[number] if number < 2 else gates[0])
        )
    in_flight(front, 12)

    gates[0].touch()
    gates[1].touch()

    assert {answer.status for answer in (*slow.answers(), *behind.answers())} == {200}
    lines = [f"number {number} runs" for number in range(12)]
    wait_until(lambda: all(line in front.log() for line in lines))
    assert [front.log().count(line) for line in lines] == [1] * 12
