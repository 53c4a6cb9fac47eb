"""The records that a front hands over for what its workers print and log."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from modelyard.telemetry.records import Log
from tests.serving.fronts import Front
from tests.serving.ring_records import Handed

Start = Callable[..., Front]

SCRIPT = """
import asyncio, json, logging, os, sys, threading, time
from concurrent.futures import ThreadPoolExecutor

LOG = logging.getLogger("mine")
POOL = ThreadPoolExecutor(1)
POOL.submit(print, "pool begun").result()

def init():
    print("loading")
    logging.info("in init")

def run(data):
    asked = json.loads(data)
    word = asked["word"]
    if asked.get("big"):
        print("x" * asked["big"])
        sys.stdout.buffer.write(bytes(range(256)) + b"\\n")
        sys.stdout.write("no end")
        return 1
    print("said", word)
    print("half ", end="")
    print("whole", word)
    print("rows\\nlines", word)
    LOG.debug("never")
    LOG.warning("careful %s", word)
    LOG.log(35, "loud %s", word)
    print("wrong", word, file=sys.stderr)
    thread = threading.Thread(target=print, args=("thread", word))
    thread.start()
    thread.join()
    POOL.submit(print, "pooled", word).result()
    os.write(1, b"raw " + word.encode() + b"\\n")
    return asyncio.new_event_loop().run_until_complete(later(word))

async def later(word):
    await asyncio.gather(*(asyncio.create_task(say(word, n)) for n in range(2)))
    return word

async def say(word, number):
    await asyncio.sleep(0.001)
    print("task", number, word)
"""


@pytest.fixture
def front(start: Start, tmp_path: Path) -> Front:
    return start(SCRIPT, rings=str(tmp_path / "rings"))


def _about(logs: list[Log], word: str) -> dict[str, tuple[str, str, str]]:
    """Level, stream and request of each line with this word."""
    lines = [log for log in logs if log.message.endswith(word) and log.source == "worker 1"]
    return {
        re.sub(r".* - ", "", log.message.removesuffix(word).strip()): (
            log.level,
            log.stream,
            log.request,
        )
        for log in lines
    }


def test_lines_of_a_script_know_their_request_level_and_stream(front: Front) -> None:
    for word in ("one", "two"):
        answer = front.ask(body={"word": word}, headers={"x-request-id": f"id-{word}"})
        assert answer.status == 200, answer.body

    logs = Handed(front).wait(Log, lambda found: [x for x in found if x.message == "task 1 two"])

    for word in ("one", "two"):
        id = f"id-{word}"
        assert _about(logs, word) == {
            "said": ("", "stdout", id),
            "half whole": ("", "stdout", id),
            "lines": ("", "stdout", id),
            "careful": ("WARNING", "stderr", id),
            "loud": ("Level 35", "stderr", id),
            "wrong": ("", "stderr", id),
            "thread": ("", "stdout", id),
            "pooled": ("", "stdout", ""),  # who owns a thread of a pool cannot be known
            "raw": ("", "", id),
            "task 0": ("", "stdout", id),
            "task 1": ("", "stdout", id),
        }
    before = {log.message.split(" - ")[-1]: log for log in logs if not log.request}
    assert before["loading"].stream == "stdout"
    assert before["in init"].level == "INFO"
    assert "never" not in " ".join(log.message for log in logs)


def test_the_front_s_own_words_are_records_too(front: Front) -> None:
    logs = Handed(front).wait(Log, lambda found: len(found) > 3)

    own = [log for log in logs if log.source == "front"]
    assert own[0].message.startswith("front started: process ")
    assert {(log.level, log.request) for log in own} == {("INFO", "")}


def test_the_log_file_is_the_same_with_telemetry_and_without(front: Front, start: Start) -> None:
    plain = start(SCRIPT)
    for each in (front, plain):
        assert each.score(word="one").status == 200
        assert each.score(word="", big=70_000).status == 200
        assert each.score(word="end").status == 200
        each.close()

    assert _told(front) == _told(plain)
    assert len(_told(front)) >= 30


def _told(front: Front) -> list[bytes]:
    """Its log without what differs from run to run."""
    text = front.log_file.read_bytes()
    for differs in (
        rb"\d{4}-\d\d-\d\d.\d\d:\d\d:\d\d[.,]\d+(\+00:00)?",
        rb"process \d+",
        rb"\[\d+\]",
    ):
        text = re.sub(differs, b"?", text)
    return [re.sub(rb"after .*", b"", line) for line in text.splitlines() if b"worker 1]" in line]


def test_long_lines_and_rubbish_are_cut_and_kept_readable(front: Front) -> None:
    front.ask(body={"word": "", "big": 10_000_000}, headers={"x-request-id": "big"})
    front.ask(body={"word": "after"}, headers={"x-request-id": "after"})

    logs = Handed(front).wait(Log, lambda found: [x for x in found if x.message == "task 1 after"])

    mine = [log for log in logs if log.request == "big"]
    assert max(len(log.message) for log in mine) == 32 * 1024
    rubbish = bytes(range(256)).decode("utf-8", "replace").split("\n")
    assert [log.message for log in mine][1:3] == rubbish
    [joined] = [log for log in logs if log.message.startswith("no end")]
    assert joined.message == "no endsaid after"
