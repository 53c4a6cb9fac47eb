"""The control socket: a line of JSON in, a line of JSON out."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

Operation = Callable[[Mapping[str, Any]], Awaitable[Any]]


class Refused(Exception):
    """A message that cannot be obeyed; the text says why."""


class ControlServer:
    """Operations by name on a unix socket of mode 0600; one connection may send many lines."""

    def __init__(self, path: Path, operations: Mapping[str, Operation]) -> None:
        self._path = path
        self._operations = operations
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen. Raises OSError."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            listener.bind(str(self._path))
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._talk, sock=listener)

    async def stop(self) -> None:
        """Close; may be called twice."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._talks):
            writer.close()
        self._server = None
        self._path.unlink(missing_ok=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(writer)
        try:
            while line := await reader.readline():
                writer.write(msgspec.json.encode(await self._answer(line)) + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            return  # the other side left, or sent a line without end
        finally:
            self._talks.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> Any:
        try:
            message = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            return {"error": f"This is no JSON object: {error}"}
        name = message.get("op")
        operation = self._operations.get(name) if isinstance(name, str) else None
        if operation is None:
            known = ", ".join(sorted(self._operations))
            return {"error": f"There is no operation {name!r}; use one of: {known}."}
        try:
            return await operation(message)
        except Refused as refused:
            return {"error": str(refused)}


def whole_number(message: Mapping[str, Any], name: str, low: int, high: int, default: int) -> int:
    """A number of a message. Raises Refused, naming it."""
    value = message.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Refused(f"{name}={value!r} must be a whole number from {low} to {high}.")
    return value
