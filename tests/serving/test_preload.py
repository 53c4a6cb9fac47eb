"""Workers forked from a template that ran init() once."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import joblib
import psutil
import pytest
from sklearn.linear_model import LinearRegression

from tests.serving.fronts import Background, Front
from tests.serving.test_crashes import gone, in_flight
from tests.waiting import wait_until

Start = Callable[..., Front]

SCRIPT = """
import ctypes, json, os, time
libc = ctypes.CDLL(None)

def init():
    global loaded_by
    loaded_by = os.getpid()
    print("init runs in", loaded_by)
    libc.printf(b"left in a buffer\\n")

def run(data):
    asked = json.loads(data)
    libc.fflush(None)
    if "print" in asked:
        print(asked["print"])
    if "hold" in asked:
        held = bytearray(asked["hold"])
        held[::4096] = b"x" * len(held[::4096])
    if "sleep" in asked:
        time.sleep(asked["sleep"])
    if "exit" in asked:
        os._exit(asked["exit"])
    return {"pid": os.getpid(), "parent": os.getppid(), "loaded_by": loaded_by, **asked}
"""


def workers_of(front: Front, count: int) -> dict[int, int]:
    """By process id, who loaded their model; asked until so many have answered at once."""

    def all_answer() -> dict[int, int] | None:
        requests = Background(front)
        for _ in range(count):
            requests.score(sleep=0.2)
        said = [answer.json for answer in requests.answers()]
        found = {one["pid"]: one["loaded_by"] for one in said}
        return found if len(found) == count else None

    found = wait_until(all_answer, what=f"{count} workers")
    assert isinstance(found, dict)
    return found


def test_workers_are_forked_from_one_that_loaded_the_model(start: Start) -> None:
    front = start(SCRIPT, preload=True, workers=3)
    front.wait_for("ready")

    loaded_by = set(workers_of(front, 3).values())

    assert len(loaded_by) == 1
    assert front.log().count("init runs in") == 1
    assert front.log().count("left in a buffer") == 1
    status = front.status() or {}
    assert (status["ready_workers"], status["notes"]) == (3, [])
    assert front.score(print="hello").json["parent"] == front.process.pid
    wait_until(lambda: re.search(r"\[worker \d\] hello", front.log()), what="the log")
    assert "[template] init runs in" in front.log()


def test_a_failed_init_fails_the_preflight(start: Start) -> None:
    front = start("def init(): raise ValueError('no model')\ndef run(d): pass",
                  preload=True, state="failed")  # fmt: skip

    error = (front.status() or {})["error"]

    assert (error["type"], error["message"]) == ("ValueError", "no model")
    assert error["file"].endswith("score.py")


def test_a_crash_of_a_forked_worker_costs_its_request_and_no_init(start: Start) -> None:
    front = start(SCRIPT, preload=True)
    before = front.score().json

    crashed = front.score(print="last words", exit=7)
    after = front.score().json

    assert "exited with code 7" in crashed.json["message"]
    assert "last words" in crashed.json["message"]
    assert after["pid"] != before["pid"]
    assert after["loaded_by"] == before["loaded_by"]


def test_a_run_over_the_timeout_is_killed_and_another_worker_forked(start: Start) -> None:
    front = start(SCRIPT, preload=True, scoring_timeout=0.4)
    pid = front.score().json["pid"]

    late = front.score(sleep=60)

    assert late.json["code"] == "scoring_timeout"
    assert gone(pid)
    assert front.score().json["pid"] != pid


def test_a_dead_template_is_replaced_while_its_workers_go_on(start: Start) -> None:
    front = start(SCRIPT, preload=True, workers=2)
    workers = workers_of(front, 2)
    (template,) = set(workers.values())

    os.kill(template, signal.SIGKILL)
    wait_until(lambda: front.log().count("init runs in") == 2, what="a second template")

    assert workers_of(front, 2) == workers
    victim = next(iter(workers))
    os.kill(victim, signal.SIGKILL)
    loaded_by = set(workers_of(front, 2).values())
    assert template in loaded_by
    assert len(loaded_by) == 2


def test_forked_workers_and_their_template_die_with_a_killed_front(start: Start) -> None:
    front = start(SCRIPT, preload=True, workers=2)
    workers = workers_of(front, 2)
    requests = Background(front)
    requests.score(sleep=60)
    in_flight(front, 1)

    front.process.kill()

    everybody = {*workers, *workers.values()}
    assert len(everybody) == 3
    wait_until(lambda: all(map(gone, everybody)), what="all three are gone")
    requests.answers()


def test_a_stopped_front_leaves_nobody_and_runs_what_is_due_at_exit_once(
    start: Start, tmp_path: Path
) -> None:
    script = f"import atexit\n{SCRIPT}\natexit.register(lambda: print('at exit'))"
    front = start(script, preload=True, workers=2)
    workers = workers_of(front, 2)

    front.process.terminate()
    front.process.wait(20)

    assert all(map(gone, {*workers, *workers.values()}))
    assert front.log().count("at exit") == 1


def test_fewer_and_more_workers_can_be_wanted(start: Start) -> None:
    front = start(SCRIPT, preload=True)

    front.control(op="bounds", workers=3)
    assert len(workers_of(front, 3)) == 3
    front.control(op="bounds", workers=1)
    wait_until(lambda: (front.status() or {})["ready_workers"] == 1)

    assert front.log().count("init runs in") == 1


def test_where_forking_is_not_safe_workers_start_as_usual_and_it_is_said(start: Start) -> None:
    thread = "threading.Thread(target=time.sleep, args=(99,), daemon=True, name='ticker')"
    script = SCRIPT.replace("init():", f"init():\n    import threading\n    {thread}.start()")
    front = start(script, preload=True, workers=2)

    workers = workers_of(front, 2)

    assert all(pid == loaded_by for pid, loaded_by in workers.items())
    (note,) = (front.status() or {})["notes"]
    assert "threads running: ticker" in note
    assert note in front.log()
    assert front.log().count("init runs in") == 3


def test_an_async_init_does_without(start: Start) -> None:
    front = start(SCRIPT.replace("def init", "async def init"), preload=True)

    assert front.score().status == 200
    assert "event loop" in (front.status() or {})["notes"][0]


def test_threads_that_end_before_a_fork_are_no_obstacle(start: Start) -> None:
    script = SCRIPT.replace("def init():", "def init():\n    import numpy\n    numpy.ones((99, 99)) @ numpy.ones((99, 99))")  # fmt: skip  # noqa: E501
    front = start(script, preload=True, workers=2)

    assert len(set(workers_of(front, 2).values())) == 1


@pytest.mark.slow
def test_memory_limits_hold_for_forked_workers(start: Start) -> None:
    front = start(SCRIPT, preload=True, memory=400 * 1024**2)

    answer = front.score(hold=600 * 1024**2, sleep=3)

    assert "memory limit" in answer.json["message"]
    assert front.score().status == 200


@pytest.mark.slow
def test_what_a_worker_leaves_behind_does_not_stay_as_a_zombie(start: Start) -> None:
    launcher = (
        "from modelyard.serving import nursery\nnursery.REAP_EVERY = 0.1\n"
        "from modelyard.bootstrap import front\nraise SystemExit(front.main())"
    )
    script = SCRIPT + (
        "\n    # a daemon of its own, as scripts start them\n"
        "def run(data):\n"
        "    import subprocess\n"
        "    command = 'setsid sleep 0.3 & echo $!'\n"
        "    return int(subprocess.check_output(command, shell=True).split()[0])\n"
    )
    front = start(script, preload=True, launcher=launcher)

    orphan = json.loads(front.score().body)

    wait_until(lambda: not Path(f"/proc/{orphan}").exists(), what="the orphan to be cleared away")
    assert psutil.Process(front.process.pid).status() != psutil.STATUS_ZOMBIE
    assert front.score().status == 200


@pytest.mark.slow
def test_a_template_that_is_stopped_is_given_up(start: Start) -> None:
    launcher = (
        "from modelyard.serving import nursery\nnursery.FORK_SECONDS = 0.5\n"
        "from modelyard.bootstrap import front\nraise SystemExit(front.main())"
    )
    front = start(SCRIPT, preload=True, launcher=launcher)
    said = front.score().json
    os.kill(said["loaded_by"], signal.SIGSTOP)

    os.kill(said["pid"], signal.SIGKILL)

    again = front.score().json
    assert again["loaded_by"] != said["loaded_by"]
    assert gone(said["loaded_by"])


def test_the_workers_share_the_models_memory(start: Start) -> None:
    script = SCRIPT.replace("def init():", "def init():\n    global model\n    model = bytearray(b'x') * 200_000_000")  # fmt: skip  # noqa: E501
    front = start(script, preload=True, workers=3)
    workers = workers_of(front, 3)

    used = sum(psutil.Process(pid).memory_full_info().pss for pid in {*workers, *workers.values()})

    assert used < 300_000_000


@pytest.mark.slow
def test_a_model_without_a_script_is_loaded_once_too(start: Start, tmp_path: Path) -> None:
    rows = [[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]]
    joblib.dump(LinearRegression().fit(rows, [3.0, 3.0, 6.0]), tmp_path / "sum.pkl")
    model = {"name": "sum", "version": 1, "path": str(tmp_path / "sum.pkl")}
    predictor = {"framework": "ScikitLearn"}
    front = start(
        "", preload=True, workers=2, entry_script="", models=[model], predictor=predictor
    )

    answer = front.ask(body={"data": [[4, 5]]})
    wait_until(lambda: (front.status() or {})["ready_workers"] == 2)

    assert answer.status == 200
    assert "template ready" in front.log()
    assert len(psutil.Process(front.process.pid).children()) == 3
