import sys
from collections.abc import Callable
from pathlib import Path

from tests.serving.fronts import ECHO, Background, Front
from tests.waiting import wait_until

Start = Callable[..., Front]


def test_a_failing_init_is_told_with_file_line_and_log(start: Start) -> None:
    front = start(
        "print('loading')\n\ndef init():\n    1 / 0\n\ndef run(d): pass\n", state="failed"
    )

    error = (front.status() or {})["error"]
    answers = [front.score(), front.ask("GET", "/")]

    assert (error["type"], error["line"]) == ("ZeroDivisionError", 4)
    assert error["file"].endswith("score.py")
    assert "division by zero" in error["message"]
    assert "ZeroDivisionError" in error["traceback"]
    assert any("loading" in line for line in error["log"])
    assert [(a.status, a.json["code"]) for a in answers] == [(503, "failed")] * 2
    assert "division by zero" in answers[0].json["message"]


def test_an_init_that_ends_the_process_is_told(start: Start) -> None:
    front = start("import os\ndef init(): os.abort()\ndef run(d): pass\n", state="failed")

    error = (front.status() or {})["error"]

    assert error["type"] == "WorkerCrashed"
    assert "SIGABRT" in error["message"]


def test_an_init_that_takes_too_long_is_told(start: Start) -> None:
    script = "import time\ndef init(): time.sleep(60)\ndef run(d): pass\n"

    front = start(script, state="failed", init_timeout=0.5)

    error = (front.status() or {})["error"]
    assert error["type"] == "InitTimeout"
    assert "longer than 0.5 s" in error["message"]


def test_an_interpreter_that_is_not_there_is_told(start: Start) -> None:
    front = start(python="/nowhere/bin/python", state="failed")

    error = (front.status() or {})["error"]

    assert error["type"] == "FileNotFoundError"
    assert "/nowhere/bin/python" in error["message"]


def test_only_one_worker_starts_until_the_first_is_ready(start: Start) -> None:
    front = start("def init(): 1 / 0\ndef run(d): pass\n", state="failed", workers=3)

    assert front.log().count(" started: process") == 2  # the front and one worker


def test_all_workers_are_started_after_the_first(start: Start) -> None:
    front = start(workers=3)

    wait_until(lambda: (front.status() or {})["ready_workers"] == 3)


def test_requests_wait_while_the_first_worker_starts(start: Start) -> None:
    script = ECHO.replace("def init():", "def init():\n    time.sleep(0.7)")
    front = start(script, state="starting")
    requests = Background(front)

    requests.score(early=1)
    health = front.ask("GET", "/")
    (answer,) = requests.answers()

    assert (health.status, health.json["code"]) == (503, "starting")
    assert answer.status == 200


def test_the_worker_sees_what_azure_promises_and_nothing_of_ours(start: Start) -> None:
    script = """
import os, sys
def init(): pass
def run(data):
    return {"env": dict(os.environ), "path": sys.path, "cwd": os.getcwd()}
"""
    python = str(Path(sys.executable).resolve())  # without what this environment has installed
    given = {"LEVEL": "3", "PYTHONPATH": "/mine"}
    front = start(script, python=python, variables=given, scoring_timeout=2.5)

    seen = front.score(a=1).json

    environment = seen["env"]
    assert environment["AZUREML_MODEL_DIR"] == str(front.folder)
    assert environment["SCORING_TIMEOUT_MS"] == "2500"
    assert environment["SERVICE_NAME"] == "prices"
    assert environment["LEVEL"] == "3"
    assert environment["PYTHONPATH"] == front.spec["runtime"]
    assert not [name for name in environment if name.startswith("PYTEST")]
    assert seen["cwd"] == str(front.app)
    assert not [entry for entry in seen["path"] if entry.endswith("/src")]
