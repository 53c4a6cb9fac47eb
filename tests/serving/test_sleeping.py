"""Scale to zero: no worker while nobody asks, and the next request starts them."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from modelyard.domain.fronts import ASLEEP
from tests.serving.fronts import Background, Front
from tests.serving.test_crashes import gone, in_flight
from tests.waiting import wait_until

Start = Callable[..., Front]

BRITTLE = """
import json, os
FOLDER = {folder!r}
def init():
    if os.path.exists(FOLDER + "/broken"):
        raise ValueError("no model today")
    while os.path.exists(FOLDER + "/slow"):
        pass
def run(data):
    return {{"pid": os.getpid(), **json.loads(data)}}
"""


def asleep(front: Front) -> dict[str, object]:
    """Waits until it sleeps, and all its workers are gone; its status."""

    def sleeps() -> object:
        status = front.status() or {}
        return status if status.get("asleep") else None

    status = wait_until(sleeps, what="asleep")
    assert isinstance(status, dict)
    wait_until(lambda: not psutil.Process(front.process.pid).children(), what="no process")
    return status


def test_workers_end_when_nobody_asks_and_the_next_request_starts_them(start: Start) -> None:
    front = start(idle_timeout=0.3, workers=2)
    before = front.score().json["pid"]

    status = asleep(front)

    assert (status["state"], status["ready_workers"], status["workers"]) == ("ready", 0, 0)
    assert status["notes"] == [ASLEEP]
    assert gone(before)
    answer = front.score(woken=True)
    assert (answer.status, answer.json["woken"]) == (200, True)
    woken = front.status() or {}
    assert (woken["state"], woken["asleep"], woken["restarts"]) == ("ready", False, 0)


def test_it_does_not_sleep_while_a_request_is_under_way(start: Start, short_folder: Path) -> None:
    front = start(idle_timeout=0.2)
    gate = short_folder / "gate"
    requests = Background(front)
    requests.score(wait_for=str(gate))
    in_flight(front, 1)

    deadline = time.monotonic() + 0.6
    wait_until(lambda: time.monotonic() > deadline)
    assert (front.status() or {})["ready_workers"] == 1
    gate.touch()

    assert requests.answers()[0].status == 200
    assert asleep(front)


def test_health_of_one_that_sleeps_is_told_at_once_and_wakes_nobody(start: Start) -> None:
    front = start(idle_timeout=0.2)
    asleep(front)

    health, ready = front.ask("GET", "/"), front.ask("GET", "/v2/health/ready")
    description = front.ask("GET", "/swagger.json")

    assert (health.status, health.body) == (200, b"Healthy")
    assert (ready.status, description.status) == (200, 200)
    assert (front.status() or {})["asleep"]


def test_a_request_waits_for_the_start_longer_than_for_a_worker(
    start: Start, short_folder: Path
) -> None:
    script = BRITTLE.format(folder=str(short_folder))
    front = start(script, idle_timeout=0.2, queue_wait=0.1, cold_start_timeout=30)
    asleep(front)
    (short_folder / "slow").touch()
    requests = Background(front)
    requests.score(number=1)
    wait_until(lambda: (front.status() or {})["queued"] == 1)

    assert front.ask("GET", "/").status == 200
    deadline = time.monotonic() + 0.4
    wait_until(lambda: time.monotonic() > deadline)
    assert (front.status() or {})["state"] == "ready"
    (short_folder / "slow").unlink()

    assert requests.answers()[0].status == 200


def test_one_that_is_started_anew_has_requests_wait_as_if_it_had_slept(
    start: Start, short_folder: Path
) -> None:
    """Its front was killed while it slept, and the next request is there before a worker."""
    (short_folder / "slow").touch()
    script = BRITTLE.format(folder=str(short_folder))
    front = start(script, state="starting", idle_timeout=30, queue_wait=0.1)
    requests = Background(front)
    requests.score(number=1)
    wait_until(lambda: (front.status() or {})["queued"] == 1)

    deadline = time.monotonic() + 0.4
    wait_until(lambda: time.monotonic() > deadline)
    (short_folder / "slow").unlink()

    assert requests.answers()[0].status == 200


def test_who_waits_for_a_first_start_that_fails_is_told_so_soon(
    start: Start, short_folder: Path
) -> None:
    (short_folder / "slow").touch()
    slow = f"__import__('os').path.exists({str(short_folder / 'slow')!r})"
    script = f"def init():\n    while {slow}:\n        pass\n    raise ValueError('no model')\n"
    front = start(
        script + "def run(data): ...\n", state="starting", idle_timeout=30, queue_wait=0.1
    )
    requests = Background(front)
    requests.score(number=1)
    wait_until(lambda: (front.status() or {})["queued"] == 1)
    began = time.monotonic()

    (short_folder / "slow").unlink()

    assert requests.answers()[0].status == 503
    assert time.monotonic() - began < 20


def test_a_start_that_takes_too_long_is_said_and_goes_on(start: Start, short_folder: Path) -> None:
    script = BRITTLE.format(folder=str(short_folder))
    front = start(script, idle_timeout=0.2, cold_start_timeout=0.3)
    asleep(front)
    (short_folder / "slow").touch()

    late = front.score()
    (short_folder / "slow").unlink()

    assert (late.status, late.json["code"]) == (503, "cold_start_timeout")
    assert int(late.headers["retry-after"]) >= 1
    wait_until(lambda: (front.status() or {})["ready_workers"] == 1, what="the worker")
    wait_until(lambda: front.score().status == 200, what="an answer")


def test_a_start_that_fails_is_said_to_all_that_wait_and_tried_again_later(
    start: Start, short_folder: Path
) -> None:
    script = BRITTLE.format(folder=str(short_folder))
    front = start(script, idle_timeout=0.2)
    asleep(front)
    (short_folder / "broken").touch()

    refused = front.score()
    at_once = front.score()

    for answer in (refused, at_once):
        assert (answer.status, answer.json["code"]) == (503, "cold_start_failed")
        assert "ValueError: no model today" in answer.json["message"]
        assert answer.json["details"]["file"].endswith("score.py")
    assert int(refused.headers["retry-after"]) >= 1
    assert front.log().count("worker 1 started") == 2
    status = front.status() or {}
    assert (status["state"], status["error"]["message"]) == ("unhealthy", "no model today")
    assert front.ask("GET", "/").status == 503
    (short_folder / "broken").unlink()
    wait_until(lambda: front.score().status == 200, what="the next try")
    mended = front.status() or {}
    assert (mended["state"], mended["error"]) == ("ready", None)


def test_the_queue_stays_bounded_while_workers_start(start: Start, short_folder: Path) -> None:
    script = BRITTLE.format(folder=str(short_folder))
    front = start(script, idle_timeout=0.2, queue_limit=2)
    asleep(front)
    (short_folder / "slow").touch()
    requests = Background(front)
    for number in range(2):
        requests.score(number=number)
        in_flight(front, number + 1)

    refused = front.score()
    (short_folder / "slow").unlink()

    assert (refused.status, refused.json["code"]) == (503, "queue_full")
    assert [answer.status for answer in requests.answers()] == [200, 200]


@pytest.mark.slow
def test_preloaded_workers_sleep_with_the_process_they_are_forked_from(start: Start) -> None:
    front = start(idle_timeout=1, workers=2, preload=True)
    wait_until(lambda: "worker 2 ready" in front.log(), what="both workers")
    before = front.score().json["pid"]

    asleep(front)
    after = front.score().json["pid"]

    assert after != before
    wait_until(lambda: front.log().count("worker 2 ready") == 2, what="both workers")
    assert front.log().count("ready to score") == 2


def test_one_that_sleeps_drains_and_stops_at_once(start: Start) -> None:
    front = start(idle_timeout=0.2)
    asleep(front)

    assert front.control(op="drain")["state"] == "draining"
    assert front.control(op="drain")["in_flight"] == 0


@pytest.mark.slow
def test_bounds_of_one_that_sleeps_hold_when_it_wakes(start: Start) -> None:
    front = start(idle_timeout=1)
    asleep(front)

    front.control(op="bounds", workers=3)
    assert (front.status() or {})["workers"] == 0
    assert front.score().status == 200

    wait_until(lambda: "worker 3 ready" in front.log(), what="three workers")


@pytest.mark.slow
@pytest.mark.parametrize("preload", [False, True])
def test_sleeping_and_waking_again_and_again_loses_no_request(start: Start, preload: bool) -> None:
    front = start(idle_timeout=0.05, preload=preload)

    for number in range(4):
        answer = front.ask(body=json.dumps({"number": number}).encode())
        assert (answer.status, answer.json["number"]) == (200, number)
        wait_until(lambda: (front.status() or {})["asleep"], what="asleep")
