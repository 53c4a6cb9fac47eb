"""Asking a server: once to see that it is right, and with the client of the benchmark."""

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.serving_peers.base import Peer, Rows, close_to
from benchmarks.serving_peers.processes import Cores, Server

PATIENCE = 120.0
"""Seconds that a server has to become ready."""

CLIENT = Path(__file__).parent / "client.py"


class Unfit(Exception):
    """A server that ended, gave no answer in time or a wrong one; the message says which."""


def ask(port: int, request: bytes, timeout: float = 60.0) -> tuple[int, bytes]:
    """Send the bytes of a request on a connection of its own: status and body."""
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        return response.status, response.read()


def wait_ready(server: Server, peer: Peer, port: int, rows: Rows) -> float:
    """Seconds from its start to its first 200 for a row. Raises Unfit."""
    request = peer.request(port, rows[:1])
    said = ""
    while (waited := time.perf_counter() - server.begun) < PATIENCE:
        if server.ended():
            raise Unfit(f"it ended: {server.words()}")
        try:
            status, body = ask(port, request)
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
            continue
        if status == 200:
            return time.perf_counter() - server.begun
        said = f"{status} {body[:300]!r}"
        time.sleep(0.01)
    raise Unfit(f"not ready after {waited:.0f} s: {said} {server.words()}")


def check(peer: Peer, port: int, rows: Rows, wanted: list[float]) -> None:
    """Raises Unfit unless it answers these rows with what the model says."""
    status, body = ask(port, peer.request(port, rows))
    if status != 200:
        raise Unfit(f"{status} for {len(rows)} rows: {body[:300]!r}")
    try:
        found = peer.numbers(body)
    except (ValueError, KeyError, TypeError) as error:
        raise Unfit(f"an answer of another shape ({error!r}): {body[:300]!r}") from error
    if not peer.floor and not close_to(found, wanted):
        raise Unfit(f"wrong numbers for {len(rows)} rows: {found[:3]} instead of {wanted[:3]}")


def load(
    port: int, request: bytes, connections: int, seconds: float, cores: Cores
) -> dict[str, Any]:
    """What the client reports of a run: see ``client.py``."""
    job = {
        "host": "127.0.0.1",
        "port": port,
        "request": base64.b64encode(request).decode(),
        "connections": connections,
        "seconds": seconds,
    }

    def own_core() -> None:
        if cores.client is not None:
            os.sched_setaffinity(0, {cores.client})

    done = subprocess.run(
        [sys.executable, CLIENT], input=json.dumps(job), text=True, capture_output=True,
        check=True, preexec_fn=own_core,
    )  # fmt: skip
    report: dict[str, Any] = json.loads(done.stdout)
    return report
