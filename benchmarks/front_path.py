"""
The front's own Python for one request, without sockets and without a worker: processor time from
the bytes of the request to the worker's frame, and from the worker's answer to its bytes.

    python -m benchmarks.front_path [--requests 5000] [--rounds 25]

Connection, application, queue, pool and telemetry are the front's own, put together as it puts
them together; only what would be a system call is left out. To compare two versions of the code,
run both in turns: the machine's speed changes by more than the code does. Prints Markdown.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from modelyard.bootstrap.front import Front
from modelyard.domain.fronts import FrontSpec
from modelyard.serving.http_connection import Connection
from modelyard.serving.http_parts import Connections
from modelyard.serving.limits.base import Limits
from modelyard.serving.workers import Launch, Worker
from modelyard_worker import frames

BODY = b'{"data": [[1.0, 2.0, 3.0, 4.0]]}'
PLAIN = (
    b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    b"x-request-id: 0f1e2d3c-0f1e-4f1e-8f1e-0123456789ab\r\nx-forwarded-for: 10.0.0.7\r\n"
)
SPLIT = PLAIN + b"x-modelyard-bucket: 417\r\nx-modelyard-user: 0123456789abcdef\r\n"
END = b"content-length: %d\r\n\r\n" % len(BODY) + BODY
ANSWER = b'{"status":200,"headers":[],"run_ms":0.123}'


class _Process:
    """A worker's process that is none."""

    pid = 1

    def __init__(self) -> None:
        self.born = self.exited = asyncio.get_running_loop().create_future()

    def kill(self) -> None:
        """There is nothing to end."""


class _Client(asyncio.Transport):
    """Takes answers."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    def write(self, data: Any) -> None:
        self.taken += len(data)

    def get_write_buffer_size(self) -> int:
        return 0


class _Sent:
    """Instead of the socket to the worker."""

    heard = True

    def send(self, pieces: Any) -> None:
        """Nobody reads it."""


def spec_in(folder: Path) -> FrontSpec:
    """A front with a script and telemetry, all of it below a folder."""
    places = [str(folder / name) for name in ("s", "c", "log")]
    rings = folder / "rings"
    rings.mkdir(exist_ok=True)
    own = ("r1", "lab", "prices", "blue", 1, sys.executable, str(folder), str(folder), "score.py")
    return FrontSpec(*own, str(folder), *places, rings=str(rings))


async def times(folder: Path, request: bytes, count: int) -> float:
    """Microseconds of processor time for one request."""
    front = Front(spec_in(folder), Limits(), {})
    worker = Worker(1, Launch(lambda *_: _Process(), {}), 1, front.pool)  # type: ignore[arg-type,return-value]
    worker._channel.close()
    worker._channel = _Sent()  # type: ignore[assignment]
    front.crew.script = {"headers": ["content-type", "x-request-id"]}
    front.pool.add(worker)
    client = _Client()
    connection = Connection(front.http._app, Connections(), early=True)
    connection.connection_made(client)
    await asyncio.sleep(0)
    gc.collect()
    gc.freeze()  # as a front does
    began = time.process_time()
    for _ in range(count):
        connection.data_received(request)
        front.pool._dispatch()
        worker._on_frame(frames.RESPONSE, next(iter(worker.held)), ANSWER, b"[1.0]")
    spent = time.process_time() - began
    assert front.pool.served == count
    assert client.taken > count * 100
    front.pool._dispatching = False
    front.rings.close()
    front.logs.close()
    return spent / count * 1e6


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=25)
    asked = parser.parse_args()
    print("| request | median µs | least µs |\n|---|---:|---:|")
    kinds = {"plain": PLAIN, "of a service with several versions": SPLIT}
    took: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(asked.rounds):
        for name, head in kinds.items():
            with tempfile.TemporaryDirectory() as folder:
                took[name].append(uvloop.run(times(Path(folder), head + END, asked.requests)))
    for name, found in took.items():
        print(f"| {name} | {statistics.median(found):.2f} | {min(found):.2f} |")


if __name__ == "__main__":
    main()
