"""The loop of a real worker, under an old and the present interpreter."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from modelyard_worker.frames import END, RESPONSE, SHARED, STARTED, encode
from tests.modelyard_worker.worker import request, write_script
from tests.waiting import wait_until

ECHO = """
def run(data):
    return data
"""

SLEEPER = """
import time

def run(data):
    time.sleep(float(data))
    return data
"""


def test_says_hello_and_is_ready_after_init(launch, python):
    worker = launch("def init():\n    print('up')\n\ndef run(data):\n    return 1\n", python)

    ready = worker.greet()

    assert worker.hello["protocol"] == 1
    assert worker.hello["pid"] == worker.process.pid
    assert worker.hello["python"].startswith("3.")
    assert ready.head["ready"] is True
    assert ready.head["parameters"] == ["data"]
    assert (ready.head["decorated"], ready.head["raw"], ready.head["async"]) == (False,) * 3
    assert ready.head["input_schema"] is None
    assert isinstance(ready.head["packages"], dict)
    assert "up" in worker.log


def test_answers_a_request(serve, python):
    worker = serve(ECHO, python)

    answer = worker.score('{"data": [1]}')

    assert answer.status == 200
    assert answer.body == b'"{\\"data\\": [1]}"'
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-ms-run-function-failed"] == "False"
    assert answer.run_ms >= 0


def test_a_forked_child_that_comes_back_from_run_answers_nothing(serve, python):
    script = """
    import os

    def run(data):
        if data == "fork":
            os.fork()
        return os.getpid()
    """
    worker = serve(script, python)

    answers = [worker.score("fork").body] + [worker.score("go on").body for _ in range(20)]

    assert set(answers) == {str(worker.process.pid).encode()}
    assert worker.page()[2] == 21
    assert worker.silent_for(0.2)


def test_the_page_names_the_running_request_and_since_when(serve, python):
    worker = serve(SLEEPER, python)
    before = time.monotonic()

    (id_,) = worker.ask("0.3")
    wait_until(lambda: worker.page()[0] == id_)
    running, started, finished = worker.page()

    assert running == id_
    assert before <= started <= time.monotonic()
    assert finished == 0
    worker.receive()
    wait_until(lambda: worker.page()[0] == 0)
    assert worker.page()[2] == 1


def test_the_page_still_blames_the_request_that_killed_the_worker(serve, python):
    worker = serve(
        "import os, signal\ndef run(data):\n    os.kill(os.getpid(), signal.SIGKILL)\n", python
    )

    (id_, _) = worker.ask("a", "b")

    assert worker.wait() == -signal.SIGKILL
    assert worker.page()[0] == id_


def test_a_crash_within_a_lot_takes_no_answer_that_was_finished(serve, python):
    worker = serve("import os\ndef run(data):\n    return data if data else os._exit(7)\n", python)
    for _ in range(20):
        worker.score("warm")

    ids = worker.ask(*"abcdefgh", "", "z")
    assert worker.wait() == 7

    answered = {frame.id for frame in [*worker.everything(), *worker.kept()] if frame.body}
    assert answered == set(ids[:8])
    assert worker.page()[0] == ids[8]


def test_a_lot_is_run_one_after_another_in_its_order(serve, python):
    worker = serve(ECHO, python)

    ids = worker.ask(*(str(number) for number in range(50)))
    frames = []
    while len([frame for frame in frames if frame.type == RESPONSE]) < 50:
        frames.append(worker.receive())

    answers = [frame for frame in frames if frame.type == RESPONSE]
    assert [frame.id for frame in answers] == ids
    assert [frame.body for frame in answers] == [b'"%d"' % number for number in range(50)]


def test_a_slow_lot_tells_when_each_request_that_waited_begins(serve, python):
    worker = serve(SLEEPER, python)

    first, second = worker.ask("0.05", "0.05")
    frames = [worker.receive() for _ in range(3)]

    assert [(frame.type, frame.id) for frame in frames] == [
        (RESPONSE, first),
        (STARTED, second),
        (RESPONSE, second),
    ]


def test_an_answer_does_not_wait_for_a_slow_run_behind_it(serve, python):
    worker = serve(SLEEPER, python)
    worker.score("0.01")

    begun = time.monotonic()
    worker.ask("0", "1.5")
    worker.receive()

    assert time.monotonic() - begun < 1.0


def test_a_cancelled_request_that_waits_is_dropped(serve, python):
    worker = serve(SLEEPER, python)

    first, second, third = worker.ask("0.5", "0", "0")
    wait_until(lambda: worker.page()[0] == first)
    worker.cancel(second)
    frames = [worker.receive() for _ in range(4)]

    assert [(frame.type, frame.id) for frame in frames] == [
        (RESPONSE, first),
        (END, second),
        (STARTED, third),
        (RESPONSE, third),
    ]
    assert frames[1].head == {"cancelled": True}
    assert worker.page()[2] == 2


def test_cancelling_what_is_running_or_unknown_changes_nothing(serve, python):
    worker = serve(SLEEPER, python)

    (id_,) = worker.ask("0.2")
    wait_until(lambda: worker.page()[0] == id_)
    worker.cancel(id_)
    worker.cancel(4711)

    assert worker.receive().type == RESPONSE
    assert worker.score("0").status == 200


def test_a_body_of_20_mb_goes_in_and_out(serve, python):
    worker = serve(ECHO, python)
    body = "x" * (20 * 1024 * 1024)

    answer = worker.score(body)

    assert len(answer.body) == len(body) + 2


def test_ends_after_the_running_request_on_sigterm(serve, python):
    worker = serve(SLEEPER, python)

    first, _ = worker.ask("0.5", "0.5")
    wait_until(lambda: worker.page()[0] == first)
    os.kill(worker.process.pid, signal.SIGTERM)

    assert worker.receive().id == first
    assert worker.wait() == 0
    assert worker.page()[2] == 1


def test_ends_at_once_on_sigterm_when_idle_and_ignores_sigint(serve, python):
    worker = serve(ECHO, python)

    os.kill(worker.process.pid, signal.SIGINT)
    assert worker.score("a").status == 200
    os.kill(worker.process.pid, signal.SIGTERM)

    assert worker.wait() == 0


def test_ends_when_the_front_hangs_up(serve, python):
    worker = serve(ECHO, python)

    worker.hang_up()

    assert worker.wait() == 0


def test_dies_with_its_front_even_while_it_runs(runtime, tmp_path, python):
    """A front that is killed cannot tell its workers, and a script may not come back to ask."""
    write_script(tmp_path, "import time\n\ndef init():\n    time.sleep(600)\n")
    front = f"""
    import os, socket, subprocess, time
    from modelyard_worker.frames import HELLO, PAGE_SIZE, Frame, encode
    ours, theirs = socket.socketpair()
    page = os.memfd_create("page")
    os.ftruncate(page, PAGE_SIZE)
    fds = (theirs.fileno(), page)
    command = [{python!r}, "-m", "modelyard_worker", "--fd", str(fds[0]), "--page-fd", str(page)]
    child = subprocess.Popen(command, pass_fds=fds, start_new_session=True)
    ours.sendall(encode(Frame(HELLO, head={{"entry_script": "score.py"}})))
    ours.recv(1000)
    print(child.pid, flush=True)
    time.sleep(600)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(front)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(runtime)},
        stdout=subprocess.PIPE,
    )
    worker = os.pidfd_open(int(process.stdout.readline()))

    process.kill()

    try:
        assert select.select([worker], [], [], 20)[0], "the worker outlived its front"
    finally:
        process.stdout.close()
        process.wait()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(worker, signal.SIGKILL)
        os.close(worker)


def test_a_body_may_come_in_shared_memory(serve, python):
    worker = serve(ECHO, python)
    frame = request(7)
    frame.flags = SHARED
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        file.write(b"from afar, and more")
        file.flush()
        frame.head["shared"] = [Path(file.name).name, 9]
        worker.sock.sendall(encode(frame))
        found = worker.receive()
    worker.sock.sendall(encode(frame))
    lost = worker.receive()

    assert found.body == b'"from afar"'
    assert lost.head["status"] == 500
    assert b"body_lost" in lost.body


def test_ends_with_a_sentence_when_the_front_speaks_another_protocol(launch, python):
    worker = launch(ECHO, python)
    worker.receive()

    worker.sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert worker.wait() == 4
    assert "The front cannot be understood" in worker.log


def test_neither_descriptor_reaches_the_children_of_a_script(serve, python):
    worker = serve(
        """
        import os, subprocess, sys

        def run(data):
            listing = "import os; os.system('ls -l /proc/%d/fd' % os.getpid())"
            return subprocess.check_output([sys.executable, "-c", listing]).decode()
        """,
        python,
    )

    answer = worker.score("a")

    assert "memfd" not in answer.json
    assert "socket" not in answer.json


def test_run_is_called_in_the_main_thread(serve, python):
    worker = serve(
        "import threading\n"
        "def run(data):\n"
        "    return threading.current_thread() is threading.main_thread()\n",
        python,
    )

    assert worker.score("a").json is True
