"""Workers that do what they should not: no harm beyond the request that made them."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.serving.fronts import Background, Front
from tests.waiting import wait_until

pytestmark = pytest.mark.slow  # each has a front of its own: one would wait between restarts

Start = Callable[..., Front]
MB = 2**20

WILD = """
import ctypes, json, os, signal, sys, threading, time

def init():
    pass

def segfault(_):
    ctypes.string_at(0)

def leave(_):
    sys.exit(4)

def exit_at_once(_):
    os._exit(5)

def abort(_):
    os.abort()

def too_deep(_):
    class Deep:
        def __eq__(self, other):
            return Deep() == other  # by way of C, so that the stack ends
    sys.setrecursionlimit(10**9)
    return Deep() == 0

def fork_and_return(_):
    return {"child": os.fork() == 0}

def fork_that_stays(_):
    child = os.fork()
    if child == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
    return {"child": child}

def print_without_end(_):
    def flood():
        while True:
            os.write(1, (b"z" * 99 + b"\\n") * 80)
    threading.Thread(target=flood, daemon=True).start()
    return "printing"

def leave_a_flood(_):
    if os.fork() == 0:
        os.setsid()
        while True:
            os.write(1, (b"y" * 99 + b"\\n") * 80)
    time.sleep(0.2)
    os._exit(6)

def close_everything(_):
    os.closerange(0, 256)
    return "closed"

def truncate_everything(_):
    for fd in range(3, 256):
        try:
            os.ftruncate(fd, 0)
        except OSError:
            pass
    return "truncated"

def ignore_signals(_):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return "deaf"

def alarm(_):
    signal.alarm(1)
    time.sleep(30)

def close_the_interpreter(_):
    raise SystemExit("bye")

def interrupt(_):
    raise KeyboardInterrupt

def use_up_memory(_):
    raise MemoryError

def many_threads(_):
    for _ in range(200):
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    return threading.active_count()

def change_folder(_):
    os.chdir("/")
    return os.getcwd()

def large(size):
    return "x" * size

def speak_the_protocol(text):
    for fd in range(3, 64):
        try:
            os.write(fd, bytes.fromhex(text))
        except OSError:
            pass
    return "said"

def run(data):
    asked = json.loads(data)
    if "do" not in asked:
        return {"pid": os.getpid(), "n": asked.get("n")}
    return globals()[asked["do"]](asked.get("with"))
"""


@pytest.fixture
def front(start: Start) -> Front:
    return start(WILD, scoring_timeout=5.0)


def numbers(front: Front, count: int = 5) -> list[object]:
    """What as many good requests at once are answered with."""
    requests = Background(front)
    for number in range(count):
        requests.score(n=number)
    return [(answer.status, answer.json["n"]) for answer in requests.answers()]


def good(count: int = 5) -> list[object]:
    return [(200, number) for number in range(count)]


@pytest.mark.parametrize(
    "what", ["segfault", "exit_at_once", "abort", "too_deep", "alarm", "leave_a_flood"]
)
def test_a_worker_that_dies_costs_its_own_request_only(front: Front, what: str) -> None:
    died = front.score(do=what)

    assert (died.status, died.json["code"]) == (502, "worker_crashed")
    assert numbers(front) == good()
    assert front.process.poll() is None


@pytest.mark.parametrize("what", ["leave", "close_the_interpreter", "interrupt", "use_up_memory"])
def test_what_would_end_a_program_is_an_error_of_the_script(front: Front, what: str) -> None:
    answer = front.score(do=what)

    assert answer.status in (500, 502)
    assert numbers(front) == good()


@pytest.mark.parametrize(
    "what",
    ["fork_and_return", "print_without_end", "ignore_signals", "many_threads",
     "change_folder"],
)  # fmt: skip
def test_a_worker_that_goes_on_otherwise_answers_the_next_ones(front: Front, what: str) -> None:
    first = front.score(do=what)

    assert first.status == 200
    assert numbers(front) == good()


def test_a_child_that_leaves_its_worker_s_group_holds_nobody_up(front: Front) -> None:
    child = front.score(do="fork_that_stays").json["child"]
    try:
        assert numbers(front) == good()
        assert front.score(do="exit_at_once").status == 502  # the child still holds its socket
        assert numbers(front) == good()
    finally:
        os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("what", ["close_everything", "truncate_everything"])
def test_a_worker_that_breaks_its_own_files_is_replaced(front: Front, what: str) -> None:
    requests = Background(front)
    requests.score(do=what)
    (answer,) = requests.answers()

    assert answer.status in (200, 500, 502)
    assert front.process.poll() is None
    wait_until(lambda: numbers(front) == good(), what="good answers")


@pytest.mark.parametrize(
    "bytes_",
    [
        pytest.param("00" * 64, id="zeros"),
        pytest.param("4d590104" + "00" * 20 + "7fffffffffffffff", id="a frame of 8 EiB"),
        pytest.param("4d590104" + "00" * 20 + "ffffffffffffffff", id="a frame of 16 EiB"),
        pytest.param("4d590104" + "00" * 20 + "0000008000000000", id="a frame of 512 GiB"),
        pytest.param("4d590104" + "00" * 20 + "0000000000000000", id="no head"),
        pytest.param("4d590104" + "00" * 20 + "0000000000000006" + "00000002" + "7b7d", id="id 0"),
        pytest.param(
            "4d590108" + "00" * 20 + "0000000000000006" + "00000002" + "5b5d", id="a list"
        ),
        pytest.param("4d5901ff" + "00" * 20 + "0000000000000004" + "00000000", id="no such type"),
        pytest.param("4d590204" + "00" * 28, id="another version"),
    ],
)
def test_a_script_that_speaks_on_its_worker_s_socket_is_survived(
    front: Front, bytes_: str
) -> None:
    requests = Background(front)
    requests.score(do="speak_the_protocol", **{"with": bytes_})
    (answer,) = requests.answers()

    assert answer.status in (200, 500, 502)
    assert front.process.poll() is None
    wait_until(lambda: numbers(front) == good(), what="good answers")
    assert "unexpected" not in front.log()


def test_answers_of_100_mb_come_whole_and_leave_nothing_behind(start: Start) -> None:
    front = start(WILD, workers=2)
    size = 100 * MB

    def memory() -> int:
        text = (f"/proc/{front.process.pid}/statm", 1)
        with open(text[0]) as file:  # noqa: PTH123
            return int(file.read().split()[text[1]]) * 4096

    before = memory()
    for _ in range(3):
        answer = front.score(do="large", **{"with": size})
        assert (answer.status, len(answer.body)) == (200, size + 2)

    assert numbers(front) == good()
    wait_until(lambda: memory() < before + 150 * MB, what="the front's memory to come back")


def test_while_one_worker_prints_without_end_the_log_stays_small(start: Start) -> None:
    front = start(WILD, log_bytes=1 * MB, log_files=2)

    front.score(do="print_without_end")
    wait_until(lambda: (front.folder / "logs" / "service.log.1").exists(), what="a rotated log")
    answers = numbers(front, 20)

    sizes = [file.stat().st_size for file in (front.folder / "logs").iterdir()]
    assert answers == good(20)
    assert sum(sizes) < 4 * MB
