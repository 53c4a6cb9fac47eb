"""
The client of the benchmark: connections that each ask again as soon as they are answered.

    python client.py <<< '{"host": "127.0.0.1", "port": 80, "request": "base64 of its bytes",
                           "connections": 16, "seconds": 2}'

A process of its own, so that it can have a core for itself; with uvloop it asks 35,000 times a
second there (measured against HAProxy answering by itself), more than any server here answers.
wrk asks 60,000 times, but has to be installed and says nothing of single answers.
"""

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from typing import Any

import uvloop

PATIENCE = 30.0
"""Seconds that answers on their way are waited for when the time is up."""


class Tally:
    """What all connections together have seen."""

    def __init__(self, seconds: float) -> None:
        self.begun = time.perf_counter()
        self.until = self.begun + seconds
        self.times: list[float] = []
        self.ended: list[float] = []
        self.failed: Counter[str] = Counter()

    def answered(self, status: bytes, begun: float) -> bool:
        """Note an answer; whether the connection shall ask again."""
        now = time.perf_counter()
        if status == b"200":
            self.times.append(now - begun)
            self.ended.append(now)
        else:
            self.failed[status.decode("latin-1")] += 1
        return now < self.until

    def report(self) -> dict[str, Any]:
        """Rate and waiting times; what came after the time was up counts with its time."""
        within = sum(1 for at in self.ended if at <= self.until)
        count, end = (within, self.until) if within >= 20 else self._all()
        times = sorted(self.times)
        return {
            "rate": count / (end - self.begun),
            "count": len(times),
            "p50": at(times, 0.50) * 1000,
            "p99": at(times, 0.99) * 1000,
            "failed": dict(self.failed),
        }

    def _all(self) -> tuple[int, float]:
        """Where few answers are slow ones, cutting at the end of the time would miss many."""
        return len(self.ended), max([self.until, *self.ended])


def at(times: list[float], share: float) -> float:
    """The time that this share of all is not above; 0 for none."""
    return times[min(len(times) - 1, int(len(times) * share))] if times else 0.0


class Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, tally: Tally, done: "asyncio.Future[None]") -> None:
        self._request = request
        self._tally = tally
        self._done = done
        self._begun = 0.0
        self._status = b""
        self._left = 0  # bytes of the answer's body still to come; -1 while a chunked one lasts
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._ask()

    def connection_lost(self, _: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def data_received(self, data: bytes) -> None:
        if not self._status:
            self._data += data
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head(self._data[:end].lower())
            data, self._data = self._data[end + 4 :], b""
        if self._left >= 0:
            self._left -= len(data)
        else:
            self._data = (self._data + data)[-5:]
            self._left = 0 if self._data == b"0\r\n\r\n" else -1
        if self._left == 0:
            self._answered()

    def _head(self, head: bytes) -> None:
        self._status = head[9:12]
        _, found, rest = head.partition(b"\r\ncontent-length:")
        self._left = int(rest.partition(b"\r\n")[0]) if found else -1

    def _answered(self) -> None:
        status, self._status, self._data = self._status, b"", b""
        if self._tally.answered(status, self._begun):
            self._ask()
        else:
            self._done.set_result(None)
            self._transport.close()

    def _ask(self) -> None:
        self._begun = time.perf_counter()
        self._transport.write(self._request)


async def connection(where: dict[str, Any], request: bytes, tally: Tally) -> None:
    """Ask until the time is up, on a new connection when the server closed the old one."""
    loop = asyncio.get_running_loop()
    while time.perf_counter() < tally.until:
        done: asyncio.Future[None] = loop.create_future()

        def caller(done: "asyncio.Future[None]" = done) -> Caller:
            return Caller(request, tally, done)

        if "socket" in where:
            transport, _ = await loop.create_unix_connection(caller, where["socket"])
        else:
            transport, _ = await loop.create_connection(caller, where["host"], where["port"])
        try:
            await asyncio.wait_for(done, tally.until - time.perf_counter() + PATIENCE)
        except TimeoutError:
            tally.failed["no answer"] += 1
        finally:
            transport.close()


async def load(job: dict[str, Any]) -> dict[str, Any]:
    """Carry out a job as the module says; how it went."""
    request = base64.b64decode(job["request"])
    tally = Tally(job["seconds"])
    async with asyncio.TaskGroup() as group:
        for _ in range(job["connections"]):
            group.create_task(connection(job, request, tally))
    return tally.report()


def main() -> None:
    """Read the job, print the report."""
    print(json.dumps(uvloop.run(load(json.load(sys.stdin)))))


if __name__ == "__main__":
    main()
