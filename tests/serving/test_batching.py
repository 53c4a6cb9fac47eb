"""Batches of a real front with real workers: everyone gets his own, and nothing else."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.serving import models
from tests.serving.fronts import Answer, Background, Front, UnixConnection
from tests.waiting import wait_until

SCRIPT = """
import json, os, time

sample_input = '{"data": [[1.0, 2.0], [3.0, 4.0]]}'
sizes = []

def run(data):
    rows = json.loads(data)["data"]
    sizes.append(len(rows))
    if rows[0][0] == "gate":
        while not os.path.exists(rows[0][1]):
            time.sleep(0.005)
        return ["gate"] * len(rows)
    if any(row[0] == "raise" for row in rows):
        raise ValueError("a bad row")
    if any(row[0] == "exit" for row in rows):
        os._exit(7)
    if any(row[0] == "sleep" for row in rows):
        time.sleep(60)
    if rows[0][0] == "sizes":
        return [sizes]
    return [sum(row) for row in rows]
"""
BATCHING = {"max_size": 64, "max_wait_ms": 0.0}


@pytest.fixture
def front(start: Callable[..., Front]) -> Front:
    return start(SCRIPT, batching=BATCHING, scoring_timeout=30.0)


class Gate:
    """A request that keeps the only worker busy until ``open``, while others queue up behind."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.file = front.folder / "open"
        self.background = Background(front)
        self.asked = 0
        self.background.score(data=[["gate", str(self.file)]])
        wait_until(lambda: self.status["in_flight"] == 1 and self.status["queued"] == 0)

    @property
    def status(self) -> dict[str, Any]:
        found = self.front.status()
        assert found is not None
        return found

    def ask(self, *rows: Any) -> None:
        self.background.score(data=list(rows))
        self.asked += 1
        wait_until(lambda: self.status["queued"] == self.asked)

    def answers(self) -> list[Answer]:
        self.file.touch()
        return self.background.answers()[1:]


def sizes(front: Front) -> list[int]:
    return front.score(data=[["sizes"]]).json[0]


def test_what_waits_behind_a_busy_worker_is_one_call(front):
    gate = Gate(front)
    for number in range(5):
        gate.ask([number, 1], [number, 2])

    answers = gate.answers()

    assert [answer.json for answer in answers] == [[n + 1, n + 2] for n in range(5)]
    assert sizes(front)[-2:] == [10, 1]
    assert gate.status["served"] == 7
    assert gate.status["batching"] == {"on": True, "why": ""}


def test_each_answer_has_its_own_headers(front):
    gate = Gate(front)
    gate.ask([1, 1])
    gate.ask([2, 2])

    first, second = gate.answers()

    for answer in (first, second):
        assert answer.headers["x-ms-run-function-failed"] == "False"
        assert float(answer.headers["x-ms-run-fn-exec-ms"]) > 0
        assert answer.headers["content-type"] == "application/json"
    assert first.headers["x-ms-request-id"] != second.headers["x-ms-request-id"]


def test_under_load_everyone_gets_his_own(front):
    def ask(number: int) -> tuple[int, list[float]]:
        rows = [[number, row] for row in range(number % 3 + 1)]
        return number, front.score(data=rows).json

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ask, range(400)))

    assert all(answer == [n + row for row in range(n % 3 + 1)] for n, answer in found)
    assert max(sizes(front)) > 3


def test_an_idle_service_runs_each_at_once(front):
    for number in range(5):
        assert front.score(data=[[number, 0]]).json == [number]

    assert sizes(front)[-6:] == [1] * 6


def test_a_bad_request_in_a_batch_fails_alone(front):
    gate = Gate(front)
    gate.ask([1, 1])
    gate.ask(["raise", 1])
    gate.ask([2, 2])

    good, bad, other = gate.answers()

    assert (good.json, other.json) == ([2], [4])
    assert bad.status == 500
    assert "a bad row" in bad.json["message"]
    assert bad.headers["x-ms-run-function-failed"] == "True"


def test_a_request_that_crashes_the_worker_fails_alone(front):
    gate = Gate(front)
    gate.ask([1, 1])
    gate.ask(["exit", 1])
    gate.ask([2, 2])

    good, bad, other = gate.answers()

    assert (good.json, other.json) == ([2], [4])
    assert (bad.status, bad.json["code"]) == (502, "worker_crashed")
    front.wait_for("ready")
    assert gate.status["in_flight"] == 0


def test_a_request_that_takes_too_long_fails_alone(start):
    front = start(SCRIPT, batching=BATCHING, scoring_timeout=1.0)
    gate = Gate(front)
    gate.ask([1, 1])
    gate.ask(["sleep", 1])

    good, slow = gate.answers()

    assert good.json == [2]
    assert (slow.status, slow.json["code"]) == (500, "scoring_timeout")


def test_a_client_that_leaves_takes_no_other_with_it(front):
    gate = Gate(front)
    connection = leaving(front, [9, 9])
    wait_until(lambda: gate.status["queued"] == 1)
    gate.asked += 1
    gate.ask([1, 1])
    connection.close()

    (answer,) = gate.answers()

    assert answer.json == [2]
    wait_until(lambda: gate.status["in_flight"] == 0)


def leaving(front: Front, row: list[int]) -> UnixConnection:
    connection = UnixConnection(front.socket)
    connection.request("POST", "/score", json.dumps({"data": [row]}).encode())
    return connection


def test_two_workers_share_what_waits(start):
    front = start(
        SCRIPT.replace("return [sum", "time.sleep(0.05)\n    return [sum"),
        batching=BATCHING,
        workers=2,
        state="",
    )
    wait_until(lambda: (front.status() or {}).get("ready_workers") == 2)

    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(lambda n: front.score(data=[[n, 0]]).json, range(120)))

    assert found == [[n] for n in range(120)]
    assert max(sizes(front)) <= 23


def test_a_worker_waits_for_more_when_told_to(start):
    front = start(SCRIPT, batching={"max_size": 4, "max_wait_ms": 10_000.0})
    background = Background(front)
    for number in range(4):
        background.score(data=[[number, 1]])

    answers = background.answers()

    assert [answer.json for answer in answers] == [[n + 1] for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: sizes(front), range(4)))
    assert [4, 4, 1] in [found[-3:] for found in seen]  # the last 4 have one answer, so go alone


def test_a_service_that_asked_for_batching_is_told_why_there_is_none(start):
    front = start(SCRIPT.replace("sample_input =", "samples ="), batching=BATCHING)
    gate = Gate(front)
    gate.ask([1, 1])
    gate.ask([2, 2])

    answers = gate.answers()

    assert [answer.json for answer in answers] == [[2], [4]]
    assert sizes(front)[-3:] == [1, 1, 1]
    assert gate.status["batching"]["on"] is False
    assert gate.status["notes"][0].startswith("batching is off: there are no sample rows")
    assert "Batching is off" in Path(front.log_file).read_text()


def test_without_batching_there_is_no_verdict_and_no_note(start):
    front = start(SCRIPT)

    status = front.status()

    assert status is not None
    assert status["batching"] is None
    assert status["notes"] == []


def test_a_model_without_a_script_is_batched_unasked_and_answers_each_his_own(start, tmp_path):
    front = start("", **models.linear(tmp_path))

    def ask(number: int) -> Answer:
        rows = [
            [number, row, 1.0][: 2 if number % 10 == 9 else 3] for row in range(number % 3 + 1)
        ]
        columns = list(models.COLUMNS)[: len(rows[0])]
        return front.ask(body={"input_data": {"columns": columns, "data": rows}})

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ask, range(200)))

    for number, answer in enumerate(found):
        if number % 10 == 9:
            assert answer.status == 422, "it lacks a column"
        else:
            expected = [number + 2 * row + 3.5 for row in range(number % 3 + 1)]
            assert answer.json == pytest.approx(expected), number
    status = front.status()
    assert status is not None
    assert status["batching"]["on"], status["batching"]
    assert status["served"] == 180
