"""What becomes of requests whose front is killed, through a real gateway."""

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelyard.domain.routing import Backend
from tests.gateway.yard import Reply, Yard, exchange, route, table
from tests.serving.fronts import Front
from tests.waiting import wait_until

Start = Callable[..., Front]

COUNTS = """
import json, os, time
def init():
    global ran
    ran = os.open(os.environ["RAN"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def run(data):
    asked = json.loads(data)
    os.write(ran, b"%d\\n" % asked["number"])
    while asked.get("gate") and not os.path.exists(asked["gate"]):
        time.sleep(0.01)
    return asked["number"]
"""

STANDBY = """
import os, sys, time
from modelyard.bootstrap import front
while not os.path.exists(sys.argv[2]):
    if os.getppid() != int(sys.argv[3]):
        sys.exit(0)
    time.sleep(0.005)
del sys.argv[2:]
sys.exit(front.main())
"""
"""A successor that need not be loaded any more when it is wanted."""


class Served:
    """A front behind a gateway, which can be killed, and what its script has run."""

    def __init__(self, yard: Yard, start: Start, **spec: object) -> None:
        self.yard = yard
        self.ran = yard.folder / "ran"
        self.ledger = Path(str(yard.layout.ledgers or yard.folder / "ledgers")) / "a.ledger"
        given = {"variables": {"RAN": str(self.ran)}, "ledger": str(self.ledger), **spec}
        self.front = start(COUNTS, **given)
        self.heir, self.gate = self._stand_by()
        yard.gateway.apply(table(route(), Backend("a", (str(self.front.socket),), 20.0, "blue")))

    def _stand_by(self) -> tuple["subprocess.Popen[str]", Path]:
        gate = self.yard.folder / f"gate-{uuid.uuid4()}"
        file = self.front.folder / "front.json"
        argv = [sys.executable, "-c", STANDBY, str(file), str(gate), str(os.getpid())]
        return subprocess.Popen(argv, stderr=subprocess.PIPE, text=True), gate

    def kill(self) -> None:
        self.front.process.kill()
        self.front.close()

    def follow(self) -> None:
        """The next front, as the supervisor would start it."""
        self.gate.touch()
        self.front.process = self.heir
        self.heir, self.gate = self._stand_by()

    def score(self, number: int, size: int = 0, **headers: str) -> Reply:
        body = json.dumps({"number": number, "gate": str(self.ran) + "-go"}).encode().ljust(size)
        if "transfer-encoding" in headers:
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        return self.yard.call("/serve/ws/svc/score", body=body, headers=headers)

    def runs(self) -> Counter[int]:
        return Counter(map(int, self.ran.read_text().split())) if self.ran.exists() else Counter()

    def open_gate(self) -> None:
        Path(str(self.ran) + "-go").touch()

    def close(self) -> None:
        self.heir.kill()
        self.heir.communicate()


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    made = Yard(tmp_path)
    try:
        yield made.up()
    finally:
        made.close()


@pytest.fixture
def served(yard: Yard, start: Start) -> Iterator[Served]:
    made = Served(yard, start, workers=7)
    yield made
    made.close()


class Callers:
    """Requests at the same time, each from a caller of its own."""

    def __init__(self) -> None:
        self.found: dict[int, Reply | Exception] = {}
        self._threads: list[threading.Thread] = []

    def ask(self, number: int, call: Callable[[], Reply]) -> None:
        def run() -> None:
            try:
                self.found[number] = call()
            except Exception as error:  # noqa: BLE001 - a test looks at it
                self.found[number] = error

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def join(self) -> dict[int, Reply | Exception]:
        for thread in self._threads:
            thread.join(60)
        return self.found


def is_lost(reply: Reply | Exception) -> bool:
    assert isinstance(reply, Reply), reply
    assert (reply.status, reply.json["code"]) == (502, "front_lost"), reply
    assert reply.json["request_id"] == reply.headers["x-request-id"]
    assert reply.headers["azureml-model-deployment"] == "blue"
    assert reply.headers["content-type"] == "application/json"
    return True


def test_requests_that_run_when_their_front_is_killed_are_lost_whatever_their_size(
    served: Served,
) -> None:
    sizes = {1: 100, 2: 1_000, 3: 7_000, 4: 9_000, 5: 20_000}
    many = {f"x-{n}": "y" * 60 for n in range(70)}
    callers = Callers()
    for number, size in sizes.items():
        callers.ask(number, lambda n=number, s=size: served.score(n, s))
    callers.ask(6, lambda: served.score(6, 2_000, **many))
    callers.ask(7, lambda: served.score(7, 2_000, **{"transfer-encoding": "chunked"}))
    wait_until(lambda: len(served.runs()) == 7)

    served.kill()
    found = callers.join()  # nobody need wait for the next front
    served.follow()
    served.open_gate()
    after = served.score(8)

    assert all(is_lost(reply) for reply in found.values())
    assert after.status == 200
    assert served.runs() == dict.fromkeys(range(1, 9), 1)


def test_a_request_that_no_front_has_taken_is_run_by_the_next(served: Served) -> None:
    served.open_gate()
    served.score(1)
    os.kill(served.front.process.pid, signal.SIGSTOP)
    callers = Callers()
    for number in (2, 3):
        callers.ask(number, lambda n=number: served.score(n, 8_000 * (n - 2)))
    wait_until(lambda: served.yard.active("a") == 2)

    served.kill()
    served.follow()
    found = callers.join()

    assert [found[n].status for n in (2, 3)] == [200, 200]
    assert served.runs() == {1: 1, 2: 1, 3: 1}


def test_what_a_caller_says_of_a_second_try_changes_nothing(served: Served) -> None:
    served.open_gate()
    first = served.score(1)
    id = first.headers["x-request-id"]

    second = served.score(2, **{"x-modelyard-again": "1", "x-request-id": id})

    assert (second.status, second.json) == (200, 2)
    assert second.headers["x-request-id"] != id


def test_the_next_fronts_know_what_had_begun_without_the_gateway(served: Served) -> None:
    id = str(uuid.uuid4())
    told = {"x-request-id": id, "x-modelyard-again": "1"}
    callers = Callers()
    callers.ask(1, lambda: served.front.ask(body=asked(served, 1), headers={"x-request-id": id}))
    wait_until(lambda: served.runs()[1])
    own = served.front.ask(body=asked(served, 1), headers=told)
    said = [(own.status, own.json["code"])]

    for _ in range(3):  # also while they die one after the other
        served.kill()
        served.follow()
        served.front.wait_for("ready")
        for headers in (told, {"x-request-id": id}):  # an older gateway does not say it
            answer = served.front.ask(body=asked(served, 1), headers=headers)
            said.append((answer.status, answer.json["code"]))
            assert answer.headers["azureml-model-deployment"] == "blue"

    callers.join()
    assert set(said) == {(502, "front_lost")}
    assert served.runs() == {1: 1}


def test_a_copy_for_a_shadow_has_the_id_of_another_request(served: Served) -> None:
    id = str(uuid.uuid4())
    served.open_gate()
    served.front.ask(body=asked(served, 1), headers={"x-request-id": id})
    served.kill()
    served.follow()
    served.front.wait_for("ready")

    headers = {"x-request-id": id, "x-modelyard-shadow": "1"}

    assert served.front.ask(body=asked(served, 1), headers=headers).status == 200


def test_without_room_for_a_ledger_a_front_begins_its_answers(yard: Yard, start: Start) -> None:
    (yard.folder / "ledgers").mkdir(mode=0o700)
    (yard.folder / "ledgers" / "a.ledger").mkdir()
    made = Served(yard, start)
    callers = Callers()
    callers.ask(1, lambda: made.score(1))
    wait_until(lambda: made.runs()[1])

    made.kill()
    found = callers.join()
    made.close()

    assert is_lost(found[1])
    assert "the gateway is told of each request" in made.front.log()


def test_a_ledger_that_somebody_removes_under_a_front_comes_back(served: Served) -> None:
    callers = Callers()
    callers.ask(1, lambda: served.score(1))
    wait_until(lambda: served.runs()[1])

    served.ledger.unlink()  # as logind does when its user has logged out
    wait_until(served.ledger.exists)
    callers.ask(2, lambda: served.score(2))
    wait_until(lambda: served.runs()[2])
    served.kill()
    served.follow()
    served.open_gate()
    found = callers.join()

    assert all(is_lost(reply) for reply in found.values())
    assert served.runs() == {1: 1, 2: 1}


def test_what_stands_in_a_ledger_that_cannot_be_read_may_have_begun(served: Served) -> None:
    callers = Callers()
    callers.ask(1, lambda: served.score(1))
    wait_until(lambda: served.runs()[1])

    served.ledger.unlink()
    served.ledger.mkdir()  # opened, but not read
    served.kill()
    found = callers.join()

    assert is_lost(found[1])


def asked(served: Served, number: int) -> dict[str, object]:
    return {"number": number, "gate": str(served.ran) + "-go"}


@pytest.mark.slow
def test_fronts_killed_again_and_again_under_load_run_nothing_twice(served: Served) -> None:
    served.open_gate()
    numbers = iter(range(1, 100_000))
    done = threading.Event()
    found: dict[int, Reply | Exception] = {}

    def ask() -> None:
        connection = served.yard.connect()
        while not done.is_set():
            number = next(numbers)
            body = json.dumps({"number": number}).encode().ljust(number % 12_000)
            try:
                found[number] = exchange(connection, "/serve/ws/svc/score", body=body)
            except Exception as error:  # noqa: BLE001 - looked at below
                found[number] = error
                connection.close()
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        before = len(served.runs())
        wait_until(lambda before=before: len(served.runs()) > before + 100)
        served.kill()
        served.follow()
    wait_until(lambda: len(served.runs()) > before + 300)
    done.set()
    for thread in threads:
        thread.join(60)

    runs = served.runs()
    assert [n for n, count in runs.items() if count > 1] == []
    assert [error for error in found.values() if not isinstance(error, Reply)] == []
    assert {reply.status for reply in found.values()} <= {200, 502, 503}
    assert all("code" in reply.json for reply in found.values() if reply.status != 200)
    answered = {n for n, reply in found.items() if reply.status == 200}
    assert answered <= set(runs)
    refused = {n for n, reply in found.items() if reply.status == 503}
    assert not refused & set(runs)  # a 503 says that nothing was run
