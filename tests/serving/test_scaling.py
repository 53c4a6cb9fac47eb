"""Autoscaling: what is decided on recorded load shapes, and a real front under load."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from modelyard.serving.scaling import COOL_DOWN, Bounds, Look, needed, wanted
from tests.serving import load_shapes as shapes
from tests.serving.fronts import Background, Front
from tests.waiting import wait_until

Start = Callable[..., Front]
BOUNDS = Bounds(least=1, most=10, target=0.7, refresh=1.0)


@pytest.mark.parametrize(
    ("shape", "run", "ups", "turns", "late", "longest"),
    # ups: workers come so often at most; turns: changes of direction; late: seconds that the
    # slowest hundredth waits, while a worker takes 2 s to start; longest: that anybody waits
    [
        pytest.param(shapes.CONSTANT, 0.1, 3, 1, 0.2, 3.0, id="constant"),
        pytest.param(shapes.STEP, 0.1, 7, 1, 2.0, 3.0, id="step"),
        pytest.param(shapes.SPIKE, 0.1, 3, 1, 3.0, 3.5, id="spike"),
        pytest.param(shapes.ON_OFF, 0.1, 5, 1, 2.0, 3.5, id="on and off"),
        pytest.param(shapes.SINE, 0.1, 22, 7, 0.2, 3.0, id="sine of ten minutes"),
        pytest.param(shapes.QUICK_SINE, 0.1, 6, 5, 1.0, 3.0, id="sine of half a minute"),
        pytest.param(shapes.SAWTOOTH, 0.1, 26, 9, 0.3, 2.0, id="sawtooth"),
        pytest.param(shapes.RISING, 0.1, 7, 1, 0.2, 2.0, id="rising"),
        pytest.param(shapes.DAY, 0.1, 9, 3, 0.2, 3.0, id="a day"),
        pytest.param(shapes.LONG, 8.0, 13, 5, 5.0, 6.0, id="runs of eight seconds"),
    ],
)
def test_workers_follow_the_load_without_flapping(
    shape: shapes.Shape, run: float, ups: int, turns: int, late: float, longest: float
) -> None:
    yard = shapes.Yard(BOUNDS, run, start=2.0)

    seen = yard.play(shape)

    assert yard.wanted == BOUNDS.least
    assert seen.ups <= ups
    assert seen.turns <= turns
    assert seen.wait(0.99) <= late
    assert max(seen.waits) <= longest


def test_a_load_that_one_worker_can_take_moves_nothing() -> None:
    yard = shapes.Yard(BOUNDS, run=0.01, start=2.0)

    seen = yard.play([(0, 40), (300, 0)])

    assert not seen.changes


def test_it_costs_little_more_than_the_load_asks_for() -> None:
    yard = shapes.Yard(BOUNDS, run=0.1, start=2.0, even=True)

    seen = yard.play(shapes.DAY)

    asked = sum(rate * 60 * 0.1 for _, rate in shapes.DAY) / BOUNDS.target
    assert seen.worker_seconds < 1.5 * asked


@pytest.mark.parametrize(
    ("looks", "workers"),
    [
        pytest.param([Look(0)], 0, id="nothing"),
        pytest.param([Look(0.7)], 1, id="as much as one may have"),
        pytest.param([Look(2), Look(2), Look(2)], 2 / 0.7, id="what was busy"),
        pytest.param([Look(0), Look(0), Look(3)], 1 / 0.7, id="the mean of three looks"),
        pytest.param([Look(1, came=50, run=0.1)], 5 / 0.7, id="what came and cannot be kept up"),
        pytest.param([Look(1, came=5, run=10)], 1 / 0.7, id="too short a look at long runs"),
        pytest.param(
            [Look(1, run=0.1, waiting=20, oldest=2)], 1 / 0.7 + 20 * 0.1 / 5, id="a queue"
        ),
        pytest.param(
            [Look(1, run=0.1, waiting=20, oldest=2, start=20)],
            1 / 0.7 + 20 * 0.1 / 20,
            id="a queue, and workers that come late",
        ),
        pytest.param([Look(1, run=10, waiting=3, oldest=11)], 4, id="a queue of long runs"),
        pytest.param([Look(1, run=0.1, waiting=20, oldest=0.09)], 1 / 0.7, id="a short wait"),
    ],
)
def test_needed(looks: list[Look], workers: float) -> None:
    assert needed(looks, BOUNDS) == pytest.approx(workers)


@pytest.mark.parametrize(
    ("needs", "now", "count"),
    [
        pytest.param([0.1], 1, 1, id="enough"),
        pytest.param([1.01], 1, 2, id="one more"),
        pytest.param([9.0], 1, 5, id="four more at once"),
        pytest.param([30.0], 5, 10, id="twice as many, no more than the most"),
        pytest.param([30.0], 10, 10, id="the most already"),
        pytest.param([0.1] * (COOL_DOWN - 1), 5, 5, id="not fewer before the cool-down"),
        pytest.param([0.1] * COOL_DOWN, 5, 1, id="fewer after it"),
        pytest.param([*[0.1] * (COOL_DOWN - 1), 3.5], 5, 4, id="what was needed within it"),
        pytest.param([3.9] * COOL_DOWN, 4, 4, id="hysteresis"),
        pytest.param([2.8] * COOL_DOWN, 4, 4, id="hysteresis, just above"),
        pytest.param([2.7] * COOL_DOWN, 4, 3, id="hysteresis, just below"),
    ],
)
def test_wanted(needs: list[float], now: int, count: int) -> None:
    assert wanted(needs, now, BOUNDS) == count


def test_a_front_gets_more_workers_under_load_and_gives_them_back(start: Start) -> None:
    front = start(workers=1, max_workers=3, refresh=0.1, target_utilization=0.5)
    pressing = threading.Event()
    statuses: list[int] = []

    def press() -> None:
        while not pressing.is_set():
            statuses.append(front.score(sleep=0.02).status)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: (front.status() or {})["ready_workers"] == 3, what="three workers")
    finally:
        pressing.set()
        for thread in threads:
            thread.join()
    wait_until(lambda: (front.status() or {})["ready_workers"] == 1, what="one worker")

    assert set(statuses) == {200}
    status = front.status() or {}
    assert (status["workers"], status["restarts"], status["state"]) == (1, 0, "ready")
    assert "instead of 1" in front.log()


def test_a_worker_that_is_let_go_finishes_what_it_has(start: Start, short_folder: Path) -> None:
    front = start(workers=3)
    gate = short_folder / "gate"
    wait_until(lambda: (front.status() or {})["ready_workers"] == 3)
    requests = Background(front)
    for number in range(3):
        requests.score(print=f"request {number} runs", wait_for=str(gate))
    wait_until(lambda: all(f"request {number} runs" in front.log() for number in range(3)))

    front.control(op="bounds", workers=1)
    assert (front.status() or {})["ready_workers"] == 1
    gate.touch()

    answers = requests.answers()
    assert [answer.status for answer in answers] == [200] * 3
    assert len({answer.json["pid"] for answer in answers}) == 3


def test_a_worker_that_still_works_stays_when_it_is_wanted_again(
    start: Start, short_folder: Path
) -> None:
    front = start(workers=2)
    gate = short_folder / "gate"
    wait_until(lambda: (front.status() or {})["ready_workers"] == 2)
    requests = Background(front)
    for number in range(2):
        requests.score(print=f"request {number} runs", wait_for=str(gate))
    wait_until(lambda: all(f"request {number} runs" in front.log() for number in range(2)))

    front.control(op="bounds", workers=1)
    assert (front.status() or {})["ready_workers"] == 1
    front.control(op="bounds", workers=2)
    assert (front.status() or {})["ready_workers"] == 2
    gate.touch()

    assert [answer.status for answer in requests.answers()] == [200] * 2
    assert (front.status() or {})["ready_workers"] == 2
    assert front.log().count("started: process") == 3  # the front, and each worker once


@pytest.mark.slow
def test_preloaded_workers_scale_without_loading_again(start: Start) -> None:
    front = start(preload=True, workers=1, max_workers=3, refresh=0.1)
    requests = Background(front)

    for _ in range(6):
        requests.score(sleep=0.4)
    wait_until(lambda: (front.status() or {})["ready_workers"] == 3, what="three workers")

    assert {answer.status for answer in requests.answers()} == {200}
    assert front.log().count("ready to score") == 1
