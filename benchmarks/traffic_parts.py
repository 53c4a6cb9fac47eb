"""
The processes around the gateway of ``benchmarks.traffic``: fronts that answer at once, callers.

    python -m benchmarks.traffic_parts fronts SOCKET=VERSION …
    python -m benchmarks.traffic_parts callers PORT PATH CONNECTIONS

Callers ask without pause on connections that they keep; for each line on their standard input they
write what was answered since the last one, as JSON.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

import uvloop

VERSION = b"azureml-model-deployment: "
BUCKET = b"x-modelyard-bucket: "


def value(data: bytes, name: bytes) -> str:
    """What a header says; '' without it."""
    at = data.lower().find(name)
    return data[at + len(name) : data.index(b"\r\n", at)].decode() if at >= 0 else ""


class Front(asyncio.Protocol):
    """Answers each request with its version and the bucket that it was told."""

    def __init__(self, version: str) -> None:
        self._version = version.encode()

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
        """Of the gateway."""
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        """One request; its body is two bytes."""
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0 or len(self._data) < end + 6:
            return
        bucket = value(self._data, BUCKET).encode()
        self._data = b""
        self._transport.write(
            b"HTTP/1.1 200 OK\r\n%s%s\r\n%s%s\r\ncontent-length: 2\r\n\r\n{}"
            % (VERSION, self._version, BUCKET, bucket)
        )


class Tally:
    """What was answered since the last report."""

    def __init__(self) -> None:
        self.begun = time.perf_counter()
        self.versions: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.times: list[float] = []

    def report(self) -> dict[str, Any]:
        """And begin anew."""
        times = sorted(self.times)
        said = {
            "seconds": time.perf_counter() - self.begun,
            "versions": self.versions,
            "failed": self.failed,
            "p50": 1000 * times[len(times) // 2] if times else 0.0,
            "p99": 1000 * times[len(times) * 99 // 100] if times else 0.0,
        }
        self.__dict__ = Tally().__dict__
        return said


class Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, tally: Tally, port: int) -> None:
        self._request = request
        self._tally = tally
        self._port = port

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
        """Begin."""
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._data = b""
        self._begun = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """An answer, then the next question."""
        self._data += data
        head, gap, body = self._data.partition(b"\r\n\r\n")
        if not gap or len(body) < int(value(head + b"\r\n", b"content-length: ") or 0):
            return
        if self._data.startswith(b"HTTP/1.1 200"):
            self._tally.versions[value(head + b"\r\n", VERSION)] += 1
            self._tally.times.append(time.perf_counter() - self._begun)
        else:
            self._tally.failed[self._data[9:12].decode() + " " + body.decode()[:120]] += 1
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """The gateway never closes one that is asked something."""
        self._tally.failed[f"connection lost: {exc}"] += 1
        loop = asyncio.get_running_loop()
        again = Caller(self._request, self._tally, self._port)
        self._again = loop.create_task(
            loop.create_connection(lambda: again, "127.0.0.1", self._port)
        )


async def serve(places: list[str]) -> None:
    """Fronts until the process is ended."""
    loop = asyncio.get_running_loop()
    for place in places:
        path, _, version = place.partition("=")
        await loop.create_unix_server(lambda v=version: Front(v), path)  # type: ignore[misc]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def call(port: int, path: str, connections: int) -> None:
    """Ask until the standard input ends."""
    request = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}"
    ).encode()
    loop, tally = asyncio.get_running_loop(), Tally()
    for _ in range(connections):
        await loop.create_connection(lambda: Caller(request, tally, port), "127.0.0.1", port)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        sys.stdout.write(json.dumps(tally.report()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "fronts":
        uvloop.run(serve(sys.argv[2:]))
    else:
        uvloop.run(call(int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
