"""Serving the API on a unix socket until we are told to end."""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from modelyard.domain.errors import Conflict

THREADS = 16
"""Calls that are answered at the same time; each waits for the disk or a front now and then."""

FINISH = 5.0
"""Seconds that requests under way get when the process ends."""

_OTHER_ENDS = 10.0


def hold_role(socket: Path, patience: float = _OTHER_ENDS) -> int:
    """
    Be the one control plane on this socket until the process ends; the descriptor of the lock.

    Raises Conflict when another one is still there after ``patience`` seconds.
    """
    lock = socket.with_name(socket.name + ".lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise Conflict(
                    f"Another control plane answers on {socket}. Only one may; stop it first."
                ) from None
            time.sleep(0.05)  # noqa: TID251 - the other one is just ending
        else:
            socket.unlink(missing_ok=True)
            return descriptor


def serve(app: Any, socket: Path, ready: Callable[[], None]) -> None:
    """Answer on the socket (mode 0600) until SIGTERM or SIGINT; ``ready`` is called when it is."""
    uvloop.run(_serve(app, socket, ready))


async def _serve(app: Any, socket: Path, ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="api"))
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    server = Server(
        app,
        uds=socket,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    try:
        await _listening(socket, serving)
        await asyncio.to_thread(socket.chmod, 0o600)
        ready()
        await asyncio.wait(
            {serving, asyncio.create_task(ending.wait())}, return_when=asyncio.FIRST_COMPLETED
        )
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait({serving}, timeout=FINISH)
        if serving.done():
            serving.result()
    finally:
        await asyncio.to_thread(socket.unlink, missing_ok=True)


async def _listening(socket: Path, serving: "asyncio.Task[Any]") -> None:
    while not await asyncio.to_thread(socket.exists):
        if serving.done():
            serving.result()
            raise Conflict(f"The API ended before it listened on {socket}.")
        await asyncio.sleep(0.005)
