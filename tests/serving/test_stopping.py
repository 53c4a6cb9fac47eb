import signal
import threading
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from tests.serving.fronts import Background, Front, UnixConnection
from tests.serving.test_crashes import in_flight
from tests.waiting import wait_until

Start = Callable[..., Front]


def test_a_stop_finishes_what_is_under_way(start: Start, short_folder: Path) -> None:
    front = start()
    gate = short_folder / "gate"
    requests = Background(front)
    requests.score(wait_for=str(gate))
    in_flight(front, 1)
    requests.score()
    in_flight(front, 2)

    front.process.send_signal(signal.SIGTERM)
    draining = front.wait_for("draining")
    health = front.ask("GET", "/")
    gate.touch()

    assert draining["in_flight"] == 2
    assert (health.status, health.json["code"]) == (503, "draining")
    assert [answer.status for answer in requests.answers()] == [200] * 2
    assert front.process.wait(10) == 0
    assert not front.socket.exists()
    assert not front.control_socket.exists()


def test_a_drain_loses_nothing_under_load(start: Start) -> None:
    front = start(workers=2, queue_limit=1000)
    statuses: list[object] = []
    begun = threading.Event()

    def ask() -> None:
        connection = UnixConnection(front.socket)
        while True:
            try:
                connection.request("POST", "/score", b'{"sleep": 0.002}')
                response = connection.getresponse()
                response.read()
            except (OSError, HTTPException) as error:
                statuses.append(error)
                return
            statuses.append(response.status)
            begun.set()
            if response.status != 200:
                return
            if response.getheader("connection") == "close":
                connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    begun.wait(10)

    front.control(op="drain")
    for thread in threads:
        thread.join()

    assert set(statuses) == {200, 503}, statuses
    assert statuses.count(503) == 8
    wait_until(lambda: (front.status() or {})["in_flight"] == 0)


def test_a_second_signal_stops_at_once(start: Start) -> None:
    front = start()
    requests = Background(front)
    requests.score(sleep=60)
    in_flight(front, 1)

    front.process.send_signal(signal.SIGTERM)
    front.wait_for("draining")
    front.process.send_signal(signal.SIGTERM)

    assert front.process.wait(10) == 0
    (answer,) = requests.answers()
    assert isinstance(answer, Exception) or answer.status in {502, 503}


def test_a_second_front_on_the_same_socket_says_so_and_ends(start: Start) -> None:
    front = start()

    second = front.launch()
    _, text = second.communicate(timeout=20)

    assert second.returncode == 1
    assert "Another front serves" in text
    assert front.score().status == 200


def test_a_specification_of_another_version_is_refused_with_a_sentence(start: Start) -> None:
    front = start(spec_version=99, state="")

    _, text = front.process.communicate(timeout=20)

    assert front.process.returncode == 1
    assert "spec_version 99" in text
    assert "Traceback" not in text


def test_a_specification_with_a_missing_field_is_refused_with_a_sentence(start: Start) -> None:
    front = start()
    front.close()
    del front.spec["runtime"]

    front.process = front.launch()
    _, text = front.process.communicate(timeout=20)

    assert front.process.returncode == 1
    assert "runtime" in text
    assert "Traceback" not in text
