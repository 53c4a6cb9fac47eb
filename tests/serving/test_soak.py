"""
Minutes at twice of what a front can do: MODELYARD_SOAK_SECONDS, 60 unless told.

The script writes down each request that it runs, so that none is run twice and none is lost.
"""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.serving.fronts import Front
from tests.waiting import wait_until

SECONDS = float(os.environ.get("MODELYARD_SOAK_SECONDS", "60"))
RUN_SECONDS = 0.02
WORKERS = 2
CAPACITY = WORKERS / RUN_SECONDS
MB = 2**20

SCRIPT = f"""
import json, os, time

def init():
    global book
    book = os.open(os.environ["BOOK"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

def run(data):
    asked = json.loads(data)
    os.write(book, b"%d\\n" % asked["number"])
    time.sleep({RUN_SECONDS})
    return {{"number": asked["number"], "pid": os.getpid(), "rest": "x" * asked["size"]}}
"""

Start = Callable[..., Front]


class Crowd:
    """Asks at a steady pace, whether answers come or not."""

    def __init__(self, front: Front) -> None:
        self.statuses: Counter[int] = Counter()
        self.answered: Counter[int] = Counter()
        self.lost: list[int] = []
        self.wrong: list[str] = []
        self._front = front
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.pids: set[int] = set()

    async def run(self, rate: float, seconds: float) -> None:
        """So many requests a second for so long; all are answered when it returns."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        asking: set[asyncio.Task[None]] = set()
        for number in range(int(rate * seconds)):
            wait = begun + number / rate - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._ask(number))
            asking.add(task)
            task.add_done_callback(asking.discard)
        await asyncio.gather(*asking)
        for _, writer in self._idle:
            writer.close()

    async def _ask(self, number: int) -> None:
        size = 100_000 if number % 50 == 0 else 10
        body = json.dumps({"number": number, "size": size}).encode()
        connection = self._idle.pop() if self._idle else await self._connect()
        reader, writer = connection
        writer.write(b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body))
        writer.write(body)
        async with asyncio.timeout(30):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answer = await reader.readexactly(length)
        self._note(number, size, int(head[9:12]), head, answer)
        if b"connection: close" in head:
            writer.close()
        else:
            self._idle.append(connection)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(self._front.socket), limit=2**20)

    def _note(self, number: int, size: int, status: int, head: bytes, answer: bytes) -> None:
        self.statuses[status] += 1
        said = json.loads(answer)
        if status == 200:
            self.answered[said["number"]] += 1
            self.pids.add(said["pid"])
            if said["number"] != number or len(said["rest"]) != size:
                self.wrong.append(f"{number} was answered with {said['number']}")
        elif status == 503 and b"\r\nretry-after: " in head:
            pass
        elif status == 502 and said["code"] == "worker_crashed":
            self.lost.append(number)
        else:
            self.wrong.append(f"{number}: {status} {answer[:200]!r}")


def memory(front: Front) -> int:
    """Bytes that only the front has."""
    return int(psutil.Process(front.process.pid).memory_full_info().uss)


def in_book(book: Path) -> Counter[int]:
    return Counter(int(line) for line in book.read_text().split())


@pytest.fixture
def front(start: Start, short_folder: Path) -> Front:
    return start(
        SCRIPT,
        workers=WORKERS,
        queue_limit=20,
        queue_wait=5.0,
        variables={"BOOK": str(short_folder / "book")},
    )


@pytest.mark.slow
@pytest.mark.timeout(SECONDS * 2 + 120)
def test_at_twice_its_capacity_a_front_answers_what_it_takes_once_and_refuses_the_rest(
    front: Front, short_folder: Path
) -> None:
    wait_until(lambda: (front.status() or {})["ready_workers"] == WORKERS)
    warm, long = Crowd(front), Crowd(front)
    asyncio.run(warm.run(2 * CAPACITY, SECONDS / 6))
    before = memory(front)
    (short_folder / "book").write_text("")

    asyncio.run(long.run(2 * CAPACITY, SECONDS))

    assert long.wrong == []
    assert long.statuses.keys() == {200, 503}
    assert long.statuses[200] > 0.5 * CAPACITY * SECONDS
    assert in_book(short_folder / "book") == long.answered
    assert set(long.answered.values()) == {1}
    assert memory(front) < before + 10 * MB
    status = front.wait_for("ready")
    assert (status["restarts"], status["in_flight"], status["queued"]) == (0, 0, 0)
    assert len(long.pids) == WORKERS
    assert "unexpected" not in front.log()


@pytest.mark.slow
@pytest.mark.timeout(SECONDS * 2 + 120)
def test_workers_that_are_killed_meanwhile_cost_one_request_each(
    front: Front, short_folder: Path
) -> None:
    wait_until(lambda: (front.status() or {})["ready_workers"] == WORKERS)
    kills = 0

    async def kill_now_and_then(crowd: Crowd) -> None:
        nonlocal kills
        while True:
            await asyncio.sleep(SECONDS / 6)
            if crowd.pids:
                os.kill(crowd.pids.pop(), signal.SIGKILL)
                crowd.pids.clear()
                kills += 1

    async def both() -> Crowd:
        crowd = Crowd(front)
        killer = asyncio.create_task(kill_now_and_then(crowd))
        await crowd.run(2 * CAPACITY, SECONDS)
        killer.cancel()
        return crowd

    crowd = asyncio.run(both())

    run = in_book(short_folder / "book")
    assert crowd.wrong == []
    assert kills >= 3
    assert len(crowd.lost) <= kills
    assert set(run) - set(crowd.answered) == set(crowd.lost) & set(run)
    assert set(crowd.answered) <= set(run)
    assert set(crowd.answered.values()) | set(run.values()) == {1}
