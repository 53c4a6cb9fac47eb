"""How many requests a worker may have, and what becomes of those beyond."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.serving.fronts import Background, Front
from tests.serving.test_crashes import in_flight
from tests.waiting import wait_until

Start = Callable[..., Front]


def test_beyond_what_a_worker_may_have_a_request_waits_no_longer_than_it_may(
    start: Start, short_folder: Path
) -> None:
    front = start(queue_wait=0.5)  # as Azure's endpoints have it
    gate = short_folder / "gate"
    requests = Background(front)
    requests.score(wait_for=str(gate))
    in_flight(front, 1)

    began = time.monotonic()
    refused = front.score()
    waited = time.monotonic() - began
    gate.touch()

    assert (refused.status, refused.json["code"]) == (503, "queue_timeout")
    assert int(refused.headers["retry-after"]) >= 1
    assert waited >= 0.5
    assert requests.answers()[0].status == 200


def test_what_a_worker_may_have_waits_as_long_as_it_must(start: Start, short_folder: Path) -> None:
    front = start(concurrency=3, queue_wait=0.1)
    gate = short_folder / "gate"
    requests = Background(front)
    for number in range(3):
        requests.score(wait_for=str(gate))
        in_flight(front, number + 1)

    refused = front.score()
    gate.touch()

    assert (refused.status, refused.json["code"]) == (503, "queue_timeout")
    assert [answer.status for answer in requests.answers()] == [200] * 3


def test_what_workers_may_have_takes_no_place_in_the_queue(
    start: Start, short_folder: Path
) -> None:
    front = start(concurrency=2, workers=2, queue_limit=1)
    gate = short_folder / "gate"
    wait_until(lambda: (front.status() or {})["ready_workers"] == 2)
    requests = Background(front)
    for number in range(5):  # two run, two belong to the workers, one waits
        requests.score(wait_for=str(gate))
        in_flight(front, number + 1)

    refused = front.score()
    gate.touch()

    assert (refused.status, refused.json["code"]) == (503, "queue_full")
    assert [answer.status for answer in requests.answers()] == [200] * 5


def test_whoever_is_free_takes_what_waits(start: Start, short_folder: Path) -> None:
    front = start(concurrency=4, workers=2)
    gate = short_folder / "gate"
    wait_until(lambda: (front.status() or {})["ready_workers"] == 2)
    requests = Background(front)
    requests.score(wait_for=str(gate))
    in_flight(front, 1)

    answers = [front.score() for _ in range(5)]
    gate.touch()

    assert [answer.status for answer in answers] == [200] * 5
    assert len({answer.json["pid"] for answer in answers}) == 1
    assert requests.answers()[0].status == 200


def test_the_queue_has_room_for_more_workers(start: Start, short_folder: Path) -> None:
    front = start(concurrency=2, queue_limit=1)
    gate = short_folder / "gate"

    front.control(op="bounds", workers=2)
    wait_until(lambda: (front.status() or {})["ready_workers"] == 2)
    requests = Background(front)
    for number in range(5):
        requests.score(wait_for=str(gate))
        in_flight(front, number + 1)
    gate.touch()

    assert [answer.status for answer in requests.answers()] == [200] * 5
