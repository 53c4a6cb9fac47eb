"""
The front's HTTP server beside others: one trivial POST over a unix socket, one process each.

    python -m benchmarks.http_server [--python PYTHON] [--seconds 3] [--rounds 3]

``--python`` names an interpreter that has granian, uvicorn[standard] and hypercorn installed (a
throw-away environment will do); a server that it lacks is left out of the table. Ours runs in this
interpreter. Prints Markdown.
The client is asyncio with uvloop in this process, on the same machine, so the numbers compare the
servers with each other and say nothing about a machine of its own.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import uvloop

OURS = """
import asyncio, sys, uvloop
from pathlib import Path
from modelyard.serving import http_head
from modelyard.serving.http import HttpServer
LINES = http_head.lines([("content-type", "application/json")])
class App:
    draining = False
    def handle(self, request):
        request.client.send(request, 200, LINES, request.body)
    def open(self, request): pass
    more = open
async def main():
    await HttpServer(App(), Path(sys.argv[1])).start()
    await asyncio.Event().wait()
uvloop.run(main())
"""

GRANIAN = """
import sys, uvloop
from pathlib import Path
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
class App:
    async def __rsgi__(self, scope, proto):
        body = await proto()
        proto.response_bytes(200, [("content-type", "application/json")], body)
server = Server(App(), uds=Path(sys.argv[1]), interface=Interfaces.RSGI, log_enabled=False,
                http=HTTPModes.http1, websockets=False)
uvloop.run(server.serve())
"""

ASGI = """
import sys
async def app(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})
"""

UVICORN = (
    ASGI
    + """
import uvicorn
uvicorn.run(app, uds=sys.argv[1], log_level="critical", access_log=False, lifespan="off",
            loop="uvloop", http="httptools")
"""
)

HYPERCORN = (
    ASGI
    + """
import asyncio, uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config
async def http(scope, receive, send):
    if scope["type"] == "http":
        await app(scope, receive, send)
config = Config()
config.bind = ["unix:" + sys.argv[1]]
config.loglevel = "CRITICAL"
config.keep_alive_max_requests = 10**9  # it closes after 1,000 otherwise
uvloop.run(serve(http, config))
"""
)

SERVERS = {
    "ours, on httptools": OURS,
    "granian, embedded (RSGI)": GRANIAN,
    "uvicorn with httptools (ASGI)": UVICORN,
    "hypercorn (ASGI)": HYPERCORN,
}
BODY = b'{"data": [[1, 2, 3, 4]]}'
REQUEST = (
    b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


@dataclass
class Row:
    name: str
    rates: dict[int, float]
    p99: float
    pss: float
    processor: float
    """Milliseconds of processor time of the server for a request."""


async def talk(path: Path, until: float, times: list[float]) -> None:
    """One keep-alive connection that asks as fast as it is answered."""
    reader, writer = await asyncio.open_unix_connection(path)
    while (begun := time.perf_counter()) < until:
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        times.append(time.perf_counter() - begun)
    writer.close()


async def load(path: Path, connections: int, seconds: float) -> list[float]:
    times: list[float] = []
    until = time.perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(talk(path, until, times))
    return times


async def ready(path: Path, process: subprocess.Popen[bytes]) -> bool:
    for _ in range(500):
        if process.poll() is not None:
            return False
        try:
            _, writer = await asyncio.open_unix_connection(path)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return True
    return False


def start(python: str, program: str, path: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([python, "-c", program, str(path)], stderr=subprocess.DEVNULL)


def memory(pid: int) -> float:
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(member.memory_full_info().pss for member in family) / 2**20


async def measure(name: str, python: str, program: str, seconds: float) -> Row | None:
    with tempfile.TemporaryDirectory(prefix="b-") as folder:
        path = Path(folder) / "s"
        process = start(python, program, path)
        try:
            if not await ready(path, process):
                return None
            await load(path, 16, 0.5)
            rates, p99 = {}, 0.0
            server = psutil.Process(process.pid)
            used, count = sum(server.cpu_times()[:2]), 0
            for connections in (1, 16, 64):
                times = sorted(await load(path, connections, seconds))
                rates[connections] = len(times) / seconds
                count += len(times)
                if connections == 16:
                    p99 = times[len(times) * 99 // 100] * 1000
            used = sum(server.cpu_times()[:2]) - used
            return Row(name, rates, p99, memory(process.pid), used * 1000 / count)
        finally:
            process.terminate()
            process.wait()


def table(rows: list[Row]) -> str:
    lines = [
        "| server | 1 connection, requests/s | 16 connections | 64 connections | p99 at 16, ms"
        " | processor per request, ms | memory (PSS), MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        rates = " | ".join(f"{rate:,.0f}" for rate in row.rates.values())
        lines.append(
            f"| {row.name} | {rates} | {row.p99:.1f} | {row.processor:.3f} | {row.pss:.0f} |"
        )
    return "\n".join(lines)


def best(rows: list[Row]) -> Row:
    """The best of several rounds for each number: what else runs here only makes it worse."""
    return Row(
        rows[0].name,
        {count: max(row.rates[count] for row in rows) for count in rows[0].rates},
        min(row.p99 for row in rows),
        min(row.pss for row in rows),
        min(row.processor for row in rows),
    )


async def main(python: str, seconds: float, rounds: int) -> None:
    found: dict[str, list[Row]] = {}
    for _ in range(rounds):  # in turns, so that a busy minute of the machine hits all alike
        for name, program in SERVERS.items():
            row = await measure(
                name, sys.executable if program is OURS else python, program, seconds
            )
            if row is None:
                print(f"{name}: not installed for {python}", file=sys.stderr)
            else:
                found.setdefault(name, []).append(row)
    print(f"{os.cpu_count()} cores shared by server and client, Python {sys.version.split()[0]},")
    print(f"best of {rounds} rounds of {seconds:g} s\n")
    print(table([best(rows) for rows in found.values()]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    uvloop.run(main(given.python, given.seconds, given.rounds))
