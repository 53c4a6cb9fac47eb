import socket
from collections.abc import Callable
from pathlib import Path

from tests.serving.fronts import Front
from tests.waiting import wait_until

Start = Callable[..., Front]


def test_status_says_where_the_front_stands(start: Start) -> None:
    front = start()
    front.score()

    status = front.control(op="status")

    assert status["id"] == front.spec["id"]
    assert status["state"] == "ready"
    assert status["pid"] == front.process.pid
    assert (status["workers"], status["ready_workers"], status["served"]) == (1, 1, 1)
    assert (status["in_flight"], status["queued"], status["limits"]) == (0, 0, "none")
    assert status["spec_version"] == 1


def test_an_operation_that_is_not_there_is_an_error_that_names_those_that_are(
    start: Start,
) -> None:
    front = start()

    answers = [front.control(op="dance"), front.control(), front.control(op=["status"])]

    assert all("status" in answer["error"] for answer in answers)


def test_a_line_that_is_no_json_is_an_error_and_the_connection_goes_on(start: Start) -> None:
    front = start()

    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(front.control_socket))
        with sock.makefile("rw") as talk:
            talk.write('hello\n{"op": "status"}\n')
            talk.flush()
            answers = [talk.readline(), talk.readline()]

    assert "error" in answers[0]
    assert '"state":"ready"' in answers[1]


def test_workers_can_be_added_and_taken_away_while_it_runs(start: Start) -> None:
    front = start()

    front.control(op="bounds", workers=3)
    wait_until(lambda: (front.status() or {})["ready_workers"] == 3)
    front.control(op="bounds", workers=1)

    def children() -> int:
        pid = front.process.pid
        return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    wait_until(lambda: children() == 1, what="one worker is left")
    assert front.score().status == 200
    assert (front.status() or {})["restarts"] == 0


def test_impossible_bounds_are_refused(start: Start) -> None:
    front = start()

    answers = [front.control(op="bounds", workers=value) for value in (-1, "two", 10_000, True)]

    assert all("workers=" in answer["error"] for answer in answers)
    assert (front.status() or {})["workers"] == 1


def test_the_end_of_the_log_can_be_asked_for(start: Start) -> None:
    front = start()
    front.score(print="hello from run")

    lines = front.control(op="logs", lines=50)["lines"]

    assert any("[worker 1] hello from run" in line for line in lines)
    assert any("[front] worker 1 ready" in line for line in lines)


def test_stop_over_the_control_socket_ends_the_process(start: Start) -> None:
    front = start()

    front.control(op="stop")

    assert front.process.wait(10) == 0
    assert not front.socket.exists()
