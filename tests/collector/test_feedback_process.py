"""Feedback through the collector as it runs, killed again and again; and what it is asked."""

import itertools
import json
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path

import pytest

from modelyard.abtest.counts import Counts
from modelyard.bootstrap.collector_parts import collector_socket
from modelyard.bootstrap.measurements import CollectorMeasurements
from modelyard.domain.errors import Unavailable
from modelyard.domain.measuring import Measure, Question
from modelyard.telemetry import rings
from modelyard.telemetry.encoding import encode
from modelyard.telemetry.records import About
from tests.collector.processes import Process, collector_process
from tests.collector.stores import request
from tests.waiting import wait_until

PATH = "/api/v1/telemetry/services/ws/svc/feedback"
SOLD = Measure("sold", "rate", "feedback", "sold")
CALLS = 20
EACH = 100


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    with collector_process(tmp_path) as made:
        yield made


def question(*measures: Measure) -> Question:
    now = datetime.now(UTC)
    return Question("ws", "svc", "blue", "green", now - timedelta(hours=1), now, measures)


def serve(process: Process, count: int) -> None:
    """So many requests, each twentieth of them green's."""
    for version in ("blue", "green"):
        about = About("front", version, "ws", "svc", version, 1)
        ring = rings.create(
            process.settings.rings, f"{version}.requests", rings.REQUESTS_BYTES, about
        )
        for number in range(count):
            if (number % 20 == 0) is (version == "green"):
                ring.put(encode(request(f"id{number}")))
        ring.close()


def tell(process: Process, first: int) -> dict[str, int] | None:
    outcomes = [
        {"request_id": f"id{n}", "metric": "sold", "value": n % 2}
        for n in range(first, first + EACH)
    ]
    try:
        status, found = process.ask(PATH, "POST", json.dumps({"outcomes": outcomes}).encode())
    except (OSError, ValueError, HTTPException):
        return None  # killed before it answered: sent again
    assert status == 200, found
    return found  # type: ignore[no-any-return]


def test_kills_in_the_middle_of_feedback_lose_and_double_nothing(process: Process) -> None:
    process.start()
    measurements = CollectorMeasurements(collector_socket(process.settings))
    done = threading.Event()
    told = [0]

    def send() -> None:
        for call in range(CALLS):
            while tell(process, call * EACH) is None:
                done.wait(0.02)
            told[0] += 1
        done.set()

    sender = threading.Thread(target=send)
    sender.start()
    # requests come before their outcomes, and after them
    serve(process, CALLS * EACH)
    for kill in itertools.count(1):
        goal = min(CALLS, kill * CALLS // 4)
        wait_until(lambda: told[0] >= goal, 60)  # noqa: B023
        if done.is_set() or kill > 3:
            break
        process.kill()
        process.start()
    sender.join()

    def joined() -> bool:
        return process.status()["rows"].get("outcomes", 0) >= CALLS * EACH

    wait_until(joined, 30, f"all of them: {process.status()}")
    process.kill(signal.SIGTERM)
    process.start()

    found = measurements.measure(question(SOLD))
    control, candidate = (Counts.from_state(state) for state in found.tallies["sold"])
    assert found.units == (1900, 100)
    assert (control, candidate) == (Counts(1900, 1000), Counts(100, 0))
    assert process.status()["rows"]["outcomes"] == CALLS * EACH


def test_what_is_told_is_on_the_disk_before_the_answer(process: Process) -> None:
    process.start()
    found = tell(process, 0)
    process.kill()
    assert found is not None
    assert found["unknown"] == EACH

    process.start()
    serve(process, EACH)

    wait_until(lambda: process.status()["rows"].get("outcomes", 0) == EACH, 30)


def test_a_collector_that_is_not_there_is_unavailable_with_a_sentence(tmp_path: Path) -> None:
    measurements = CollectorMeasurements(tmp_path / "nobody.sock")

    with pytest.raises(Unavailable, match=r"The collector cannot be asked: .*modelyard status"):
        measurements.measure(question(SOLD))


def test_a_collector_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()

        with pytest.raises(Unavailable, match="did not answer in time"):
            CollectorMeasurements(path, seconds=0.1).measure(question(SOLD))


def test_what_the_collector_refuses_is_told(process: Process) -> None:
    process.start()
    wrong = question(Measure("e", "mean", "errors"))

    with pytest.raises(Unavailable, match="Telemetry cannot be measured: 'e': errors can only"):
        CollectorMeasurements(collector_socket(process.settings)).measure(wrong)
