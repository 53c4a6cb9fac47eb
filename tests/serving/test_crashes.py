import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from tests.serving.fronts import Answer, Background, Front, UnixConnection
from tests.waiting import wait_until

Start = Callable[..., Front]

IMPATIENT = """
from modelyard.serving import pool
pool.STALLED_SECONDS = 0.5
from modelyard.bootstrap import front
raise SystemExit(front.main())
"""

UNSPEAKABLE = """
from modelyard.serving.scoring import Scoring
from modelyard.serving.refusals import Refusal

def score(self, request):
    raise Refusal(422, "wrong", "half a character: \\ud800")

Scoring.score = score
from modelyard.bootstrap import front
raise SystemExit(front.main())
"""


def in_flight(front: Front, count: int) -> None:
    wait_until(lambda: (front.status() or {}).get("in_flight") == count, what=f"{count} under way")


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_crash_costs_only_the_request_that_ran(start: Start, short_folder: Path) -> None:
    front = start()
    gate = short_folder / "gate"
    requests = Background(front)
    requests.score(wait_for=str(gate), print="last words", exit=7)
    in_flight(front, 1)
    for number in range(5):
        requests.score(number=number)
    in_flight(front, 6)

    gate.touch()
    crashed, *others = requests.answers()

    assert (crashed.status, crashed.json["code"]) == (502, "worker_crashed")
    assert "exited with code 7" in crashed.json["message"]
    assert "last words" in crashed.json["message"]
    assert [(a.status, a.json["number"]) for a in others] == [(200, n) for n in range(5)]


def test_a_crash_within_a_lot_brings_back_what_was_not_started(start: Start) -> None:
    front = start()
    for _ in range(20):
        front.score()  # now run() is known to be quick, so requests travel in lots
    requests = Background(front)

    for number in range(30):
        requests.score(number=number, **({"exit": 3} if number == 10 else {}))
    statuses = [answer.status for answer in requests.answers()]

    assert statuses == [200] * 10 + [502] + [200] * 19


def test_a_worker_killed_by_a_signal_is_named_with_it_and_replaced(start: Start) -> None:
    front = start()
    pid = front.score().json["pid"]
    requests = Background(front)
    requests.score(print="it has begun", sleep=30)
    # killed before it begins, a request is rightly run again by the next worker
    wait_until(lambda: "it has begun" in front.log(), what="run() to begin")

    os.kill(pid, signal.SIGSEGV)
    (answer,) = requests.answers()

    assert "was killed by SIGSEGV" in answer.json["message"]
    assert front.score().json["pid"] != pid
    assert front.wait_for("ready")["restarts"] == 1


def test_a_run_over_the_timeout_is_killed_and_the_worker_replaced(start: Start) -> None:
    front = start(scoring_timeout=0.4)
    pid = front.score().json["pid"]
    requests = Background(front)

    requests.score(sleep=60)
    in_flight(front, 1)
    requests.score()
    late, other = requests.answers()

    assert (late.status, late.json["code"]) == (500, "scoring_timeout")
    assert late.json["message"] == "Scoring timeout after 400 ms"
    assert late.headers["x-ms-run-function-failed"] == "True"
    assert other.status == 200
    assert other.json["pid"] != pid
    assert gone(pid)


def test_a_worker_that_begins_nothing_is_replaced_and_its_requests_are_answered(
    start: Start,
) -> None:
    front = start(scoring_timeout=0.4, launcher=IMPATIENT)
    pid = front.score().json["pid"]
    os.kill(pid, signal.SIGSTOP)
    requests = Background(front)

    requests.score(number=1)
    requests.score(number=2)
    answers = requests.answers()

    assert [(a.status, a.json["number"]) for a in answers] == [(200, 1), (200, 2)]
    assert {answer.json["pid"] for answer in answers} != {pid}
    assert "it began no request for 0.5 s" in front.log()
    assert gone(pid)


def test_a_stopped_worker_is_replaced_also_when_its_clients_do_not_wait(start: Start) -> None:
    front = start(scoring_timeout=0.4, launcher=IMPATIENT)
    pid = front.score().json["pid"]
    os.kill(pid, signal.SIGSTOP)

    def asked_in_vain() -> bool:
        connection = UnixConnection(front.socket, timeout=0.3)
        try:
            connection.request("POST", "/score", b"{}")
            return connection.getresponse().status != 200
        except OSError:
            return True
        finally:
            connection.close()

    wait_until(lambda: not asked_in_vain(), what="an answer from another worker")
    assert gone(pid)


def test_the_timeout_does_not_count_the_time_in_the_queue(start: Start) -> None:
    front = start(scoring_timeout=1.0)
    requests = Background(front)

    for _ in range(5):
        requests.score(sleep=0.4)

    assert [answer.status for answer in requests.answers()] == [200] * 5


def test_what_a_worker_started_dies_with_it(start: Start) -> None:
    script = """
import subprocess, os
def init(): pass
def run(data):
    child = subprocess.Popen(["sleep", "1000"])
    return child.pid
"""
    front = start(script)
    child = json.loads(front.score(x=1).body)

    worker = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(worker, signal.SIGKILL)

    wait_until(lambda: gone(child), what="the worker's child is gone")


def test_workers_die_with_a_killed_front(start: Start) -> None:
    front = start(workers=2)
    wait_until(lambda: (front.status() or {})["ready_workers"] == 2)
    requests = Background(front)
    requests.score(wait_for="/nowhere")
    in_flight(front, 1)
    pids = [
        int(pid)
        for pid in Path(f"/proc/{front.process.pid}/task/{front.process.pid}/children")
        .read_text()
        .split()
    ]

    front.process.kill()

    assert len(pids) == 2
    wait_until(lambda: all(gone(pid) for pid in pids), what="both workers are gone")
    requests.answers()


def test_a_killed_front_can_be_started_again_on_the_same_sockets(start: Start) -> None:
    front = start()
    front.process.kill()
    front.close()

    front.process = front.launch()
    front.wait_for("ready")

    assert front.score(a=1).status == 200


def test_with_every_worker_down_requests_wait_for_the_next_one(start: Start) -> None:
    front = start()
    pid = front.score().json["pid"]

    os.kill(pid, signal.SIGKILL)
    answers = [front.score() for _ in range(3)]

    assert [answer.status for answer in answers] == [200] * 3
    assert answers[0].json["pid"] != pid


def test_a_worker_that_does_not_keep_to_the_protocol_is_given_up(
    start: Start, tmp_path: Path
) -> None:
    package = tmp_path / "modelyard_worker"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import os, sys, time\n"
        "os.write(int(sys.argv[2]), b'GET / HTTP/1.1' * 10)\n"
        "time.sleep(60)\n"
    )

    front = start(runtime=tmp_path, state="failed")

    assert "does not keep to the protocol" in front.log()


def test_under_load_a_killed_worker_costs_one_request_at_most(start: Start) -> None:
    front = start(queue_limit=1000)
    failed: list[Answer] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answer = front.score(a=1)
            if answer.status != 200:
                failed.append(answer)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for restarts in range(5):
        pid = front.score().json["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda n=restarts + 1: (front.status() or {})["restarts"] >= n)
    stop.set()
    for thread in threads:
        thread.join()

    assert len(failed) <= 5
    assert {answer.json["code"] for answer in failed} <= {"worker_crashed"}


def test_words_that_cannot_be_sent_still_end_the_callers_wait(start: Start) -> None:
    front = start(launcher=UNSPEAKABLE)

    answer = front.score()

    assert (answer.status, answer.json["code"]) == (500, "internal_error")
