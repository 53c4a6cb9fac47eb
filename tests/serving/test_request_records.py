"""The record that a front hands over for each request it answers."""

import http.client
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelyard.telemetry import encoding
from modelyard.telemetry.records import Failure, Log, Request
from modelyard.telemetry.ring import RingReader
from tests.serving.fronts import ECHO, Front, UnixConnection
from tests.serving.ring_records import Handed
from tests.serving.test_batching import BATCHING, Gate
from tests.serving.test_batching import SCRIPT as SCRIPT_OF_BATCHES
from tests.waiting import wait_until

Start = Callable[..., Front]
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

SCRIPT = ECHO.replace(
    "    return {", '    if "fail" in asked:\n        raise KeyError("rooms")\n    return {'
)

STREAM = """
import json
def run(data):
    asked = json.loads(data)
    yield "x" * 5
    if asked.get("fail"):
        raise ValueError("broken")
    yield "y" * 7
"""

BROKEN = """
def init():
    raise OSError("no model")
def run(data): ...
"""


@pytest.fixture
def rings(tmp_path: Path) -> str:
    return str(tmp_path / "rings")


def test_an_answered_request_leaves_one_record(start: Start, rings: str) -> None:
    front = start(SCRIPT, rings=rings)
    handed = Handed(front)
    before = time.time()
    headers = {
        "x-request-id": "mine",
        "x-forwarded-for": "10.0.0.7",
        "traceparent": TRACE,
        "x-modelyard-bucket": "17",
    }

    answer = front.ask(body={"sleep": 0.05}, headers=headers)
    front.ask("GET", "/")
    front.ask("GET", "/swagger.json")

    [record] = handed.requests(1)
    assert (record.id, record.method, record.path) == ("mine", "POST", "/score")
    assert (record.status, record.code, record.failed) == (200, "", False)
    assert before - 0.1 <= record.time <= time.time()
    assert record.total >= record.run >= 50
    assert 0 <= record.queue < record.total - record.run + 1
    assert (record.received, record.sent) == (len(b'{"sleep": 0.05}'), len(answer.body))
    assert (record.client, record.bucket, record.trace) == ("10.0.0.7", 17, TRACE)
    assert (record.worker, record.batch) == (1, 1)


def test_a_record_says_how_the_request_was_shared_out(start: Start, rings: str) -> None:
    front = start(SCRIPT, rings=rings)
    handed = Handed(front)
    shared = {"x-modelyard-bucket": "999", "x-modelyard-user": "00ff00ff00ff00ff"}

    front.ask(body={}, headers=shared)
    front.ask(body={}, headers={"x-modelyard-chosen": "1"})
    front.ask(body={}, headers={})
    front.ask("DELETE", body={}, headers=shared)

    said = [(record.bucket, record.user, record.chosen) for record in handed.requests(4)]
    of_shared = (999, "00ff00ff00ff00ff", False)
    assert said == [of_shared, (-1, "", True), (-1, "", False), of_shared]


def test_what_goes_wrong_is_recorded_with_its_code(start: Start, rings: str) -> None:
    front = start(SCRIPT, rings=rings, body_limit=1000, scoring_timeout=0.5)
    handed = Handed(front)
    asked = {
        "failed": lambda: front.score(fail=1),
        "wrong": lambda: front.ask(body=b"no json"),
        "large": lambda: front.score(text="x" * 2000),
        "method": lambda: front.ask("DELETE"),
        "path": lambda: front.ask("POST", "/nowhere", {}),
        "slow": lambda: front.score(sleep=30),
    }

    answers = {name: ask() for name, ask in asked.items()}
    front.wait_for("ready")
    answers["crash"] = front.score(exit=7)

    records = handed.requests(len(answers))
    by_id = {record.id: record for record in records}
    found = {name: by_id[answer.headers["x-request-id"]] for name, answer in answers.items()}
    assert len(records) == len(answers)
    assert {
        name: (record.status, record.code, record.failed) for name, record in found.items()
    } == {
        "failed": (500, "run_failed", True),
        "wrong": (answers["wrong"].status, answers["wrong"].json["code"], True),
        "large": (413, "too_large", False),
        "method": (405, "method_not_allowed", False),
        "path": (404, "not_found", False),
        "slow": (500, "scoring_timeout", True),
        "crash": (502, "worker_crashed", True),
    }
    assert all(record.sent == len(answers[name].body) for name, record in found.items())
    assert found["slow"].total >= 500
    assert (found["large"].run, found["large"].queue) == (-1, -1)


def test_an_exception_of_run_and_of_init_is_told_with_its_place(start: Start, rings: str) -> None:
    front = start(SCRIPT, rings=rings)
    front.ask(body={"fail": 1}, headers={"x-request-id": "mine"})
    broken = start(BROKEN, rings=rings, state="failed")

    failures = Handed(front).wait(Failure, lambda found: len(found) == 2)

    told = {failure.type: failure for failure in failures}
    assert (told["KeyError"].message, told["KeyError"].request) == ("'rooms'", "mine")
    assert (told["KeyError"].file, told["KeyError"].function) == ("score.py", "run")
    assert told["KeyError"].traceback.startswith("Traceback")
    assert told["KeyError"].traceback.endswith("KeyError: 'rooms'\n")
    assert (told["OSError"].file, told["OSError"].line) == ("score.py", 3)
    assert (told["OSError"].function, told["OSError"].request) == ("init", "")
    assert broken.status()["error"]["type"] == "OSError"  # type: ignore[index]


def test_clients_that_leave_and_requests_without_a_place_are_recorded(
    start: Start, rings: str, tmp_path: Path
) -> None:
    front = start(SCRIPT, rings=rings, queue_limit=1)
    handed, go = Handed(front), tmp_path / "go"
    body = json.dumps({"wait_for": str(go)}).encode()
    first, second = _asked(front, body, 1, queued=0), _asked(front, body, 2, queued=1)
    refused = front.score()

    first.close()
    gone = handed.wait(Request, lambda found: [r for r in found if r.status == 499])
    go.touch()
    assert second.getresponse().status == 200
    second.close()

    records = handed.requests(3)
    [left] = [record for record in gone if record.status == 499]
    assert (left.code, left.received, left.sent, left.worker) == ("client_gone", len(body), 0, 1)
    assert left.total > left.queue >= 0
    [full] = [record for record in records if record.status == 503]
    assert (full.code, full.id) == ("queue_full", refused.headers["x-request-id"])
    assert sorted(record.status for record in records) == [200, 499, 503]


def _asked(front: Front, body: bytes, under_way: int, *, queued: int) -> UnixConnection:
    """A request that has not been answered when this many are under way and wait."""
    connection = UnixConnection(front.socket)
    connection.request("POST", "/score", body, {"content-type": "application/json"})

    def there() -> bool:
        status = front.status() or {}
        return (status["in_flight"], status["queued"]) == (under_way, queued)

    wait_until(there)
    return connection


def test_a_stream_is_recorded_at_its_end_with_what_was_sent(start: Start, rings: str) -> None:
    front = start(STREAM, rings=rings)

    assert front.score().body == b"x" * 5 + b"y" * 7
    with pytest.raises(http.client.IncompleteRead):
        front.score(fail=1)

    whole, broken = Handed(front).requests(2)
    assert (whole.status, whole.code, whole.sent, whole.failed) == (200, "", 12, False)
    assert (broken.status, broken.code, broken.sent) == (200, "stream_failed", 5)
    assert broken.failed


def test_a_killed_front_leaves_what_it_had_answered(start: Start, rings: str) -> None:
    front = start(SCRIPT, rings=rings)
    connection = UnixConnection(front.socket)
    answered = []
    for _ in range(300):
        connection.request("POST", "/score", b"{}", {"content-type": "application/json"})
        response = connection.getresponse()
        response.read()
        answered.append(response.headers["x-request-id"])
    os.kill(front.process.pid, signal.SIGKILL)
    front.process.wait()
    connection.close()

    [path] = Path(rings).glob("*.requests.ring")
    reader = RingReader.open(path)
    try:
        assert reader.orphaned()
        about = encoding.about(reader.about)
        assert (about.role, about.instance, about.pid) == (
            "front",
            front.spec["id"],
            front.process.pid,
        )
        assert (about.workspace, about.service, about.version) == ("lab", "prices", "blue")
    finally:
        reader.close()
    kept = [record.id for record in Handed(front).of(Request)]
    assert kept[:299] == answered[:299], "the last may have been killed before its record"


def test_without_a_folder_nothing_is_recorded_and_with_a_bad_one_the_front_serves(
    start: Start, tmp_path: Path
) -> None:
    bad = tmp_path / "file"
    bad.write_text("no folder")

    silent, told = start(SCRIPT), start(SCRIPT, rings=str(bad))

    assert silent.score().status == told.score().status == 200
    assert silent.score(print="line").status == told.score(print="line").status == 200
    told.close()
    silent.close()
    assert "telemetry" not in silent.log()
    assert "no telemetry is handed over" in told.log()
    for front in (silent, told):
        assert "[worker 1] line\n" in front.log()


def belonging(logs: list[Log]) -> list[bool]:
    """Whether each line of the script names a request."""
    return [bool(log.request) for log in logs if log.message == "running"]


def test_requests_that_are_run_together_say_so_and_their_lines_belong_to_none(
    start: Start, rings: str
) -> None:
    batched = SCRIPT_OF_BATCHES.replace("    rows =", '    print("running")\n    rows =')
    front = start(batched, rings=rings, batching=BATCHING)
    gate = Gate(front)
    for number in range(3):
        gate.ask([number, 1])

    assert [answer.json for answer in gate.answers()] == [[1], [2], [3]]

    handed = Handed(front)
    records = [record for record in handed.requests(4) if record.batch == 3]
    assert len(records) == 3
    assert len({record.id for record in records}) == 3
    assert all(record.queue > 0 <= record.run and record.worker == 1 for record in records)
    handed.wait(Log, lambda logs: belonging(logs)[-2:] == [True, False])
