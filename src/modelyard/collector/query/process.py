"""A query process as the collector sees it: asked, stopped, and killed when that does not help."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from modelyard.collector.query.messages import (
    LENGTH,
    Ask,
    Column,
    Done,
    Failed,
    Files,
    FromProcess,
    Needs,
    Piece,
    Stop,
    ToProcess,
)
from modelyard.domain.errors import BY_CODE, ModelyardError, NoCapacity, Timeout
from modelyard.settings import child_environment

GRACE = 2.0
"""Seconds that a query has to end by itself when it must; then its process is killed."""

_KEPT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "LANG")

Fetch = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Gets the SELECTs of these tables; their files stay while the query runs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``body``: rows as JSON arrays with commas between them, or an Arrow IPC stream."""

    columns: Sequence[Column]
    body: bytes
    count: int
    truncated: str
    language: str


class QueryProcess:
    """One process; it answers one query at a time. ``alive`` until it must not be asked again."""

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._decode = msgspec.msgpack.Decoder(FromProcess).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._stopping: asyncio.TimerHandle | None = None
        self._stopped = False
        self.alive = True

    @classmethod
    async def start(cls, command: Sequence[str]) -> "QueryProcess":
        """``command`` gets the number of its socket's descriptor as a last argument."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        environment = child_environment()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # what is secret in our environment has no business there
                env={name: environment[name] for name in _KEPT if name in environment},
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    async def ask(self, ask: Ask, fetch: Fetch) -> Answer:
        """
        The answer; raises the error that the query met.

        What it does not end by itself within its time is killed, and so it is when this call is
        cancelled.
        """
        self._stopped = False
        try:
            async with asyncio.timeout(ask.seconds + GRACE):
                return await self._exchange(ask, fetch)
        except TimeoutError:
            self.kill()
            raise Timeout(
                f"The query did not end within {ask.seconds:g} seconds and was killed. Ask for "
                "less time (WHERE timestamp > …) or fewer columns."
            ) from None
        except (OSError, EOFError):
            self.kill()
            raise await self._why_gone() from None
        except asyncio.CancelledError:
            self.kill()
            raise
        finally:
            if self._stopping is not None:
                self._stopping.cancel()
                self._stopping = None

    def stop(self) -> None:
        """Have the query under way given up."""
        if self._stopped:
            return
        self._stopped = True
        loop = asyncio.get_running_loop()
        self._stopping = loop.call_later(GRACE, self.kill)
        data = self._encode(Stop())
        with suppress(OSError):  # full or gone: the timer ends it
            self._channel.send(LENGTH.pack(len(data)) + data)

    def kill(self) -> None:
        """End the process at once. Repeatable."""
        self.alive = False
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def close(self) -> None:
        """End the process and see it gone. Repeatable."""
        self.kill()
        await self._process.wait()
        self._channel.close()

    async def _exchange(self, ask: Ask, fetch: Fetch) -> Answer:
        await self._send(ask)
        pieces: list[bytes] = []
        while True:
            message = await self._receive()
            match message:
                case Piece():
                    pieces.append(message.data)
                case Needs():
                    await self._send(Files(await self._fetched(fetch, message.tables)))
                case Done():
                    body = (b"" if ask.arrow else b",").join(pieces)
                    columns, language = message.columns, message.language
                    return Answer(columns, body, message.count, message.truncated, language)
                case Failed():
                    self.alive = self.alive and not message.broken
                    raise BY_CODE.get(message.code, ModelyardError)(message.message)

    async def _fetched(self, fetch: Fetch, tables: Sequence[str]) -> Mapping[str, str]:
        try:
            return await fetch(tables)
        except BaseException:
            self.kill()  # it would wait for them
            raise

    async def _why_gone(self) -> ModelyardError:
        await self._process.wait()
        if self._stopped:
            return BY_CODE["conflict"]("The query was cancelled.")
        return NoCapacity(
            "The query brought down the process that ran it, most likely for want of memory. "
            "Others go on. Ask for less time (WHERE timestamp > …), fewer columns or groups, or "
            "raise MODELYARD_QUERY_MEMORY."
        )

    async def _send(self, message: ToProcess) -> None:
        data = self._encode(message)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._channel, LENGTH.pack(len(data)) + data)

    async def _receive(self) -> FromProcess:
        (length,) = LENGTH.unpack(await self._read(LENGTH.size))
        message: FromProcess = self._decode(await self._read(length))
        return message

    async def _read(self, count: int) -> bytes:
        loop = asyncio.get_running_loop()
        data = bytearray()
        while len(data) < count:
            chunk = await loop.sock_recv(self._channel, min(count - len(data), 1 << 18))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)
