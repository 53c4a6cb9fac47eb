"""
The HTTP server, so that the rest of the front does not know which one it is.

Granian's embedded server: one process, its I/O in a thread of Rust, requests as tasks of our loop.
``benchmarks/http_server.py`` compares it with others.
"""

import asyncio
import contextlib
import re
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from modelyard.serving.budget import Share
from modelyard.serving.exchange import Headers, Reply
from modelyard.serving.refusals import ClientGone, too_large
from modelyard.serving.streams import Stream

_LENGTH = re.compile(r"\d{1,18}").fullmatch
_DISCARD_SECONDS = 1.0
_DISCARD_BYTES = 16 * 1024 * 1024
_TEXT = [("content-type", "text/plain")]


class Request:
    """What came in. ``headers`` has lower-case names, in order, repeated ones too."""

    __slots__ = ("_pieces", "_proto", "headers", "method", "path", "query")

    def __init__(self, scope: Any, proto: Any) -> None:
        self._proto = proto
        self._pieces: Any = None  # what is left of the body, once part of it was read
        self.method: str = scope.method
        self.path: str = scope.path
        self.query: str = scope.query_string
        self.headers: Headers = scope.headers.items()

    def header(self, name: str) -> str | None:
        """The first value of a header, by its lower-case name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def check_length(self, limit: int) -> None:
        """Raises the 413 when the request says itself that it is too large."""
        length = self.header("content-length")
        if length is not None and (not _LENGTH(length) or int(length) > limit):
            raise too_large(limit)

    async def read(self, limit: int, share: Share) -> bytes:
        """
        The body; ``share`` grows before it is kept, by what it says of its length or what came.

        Raises the 413 as soon as it is over the limit, the 503 when the share may not grow,
        ClientGone when it breaks.
        """
        if not self._has_body:
            return b""
        self.check_length(limit)
        try:
            if self.header("transfer-encoding") is None:
                share.reserve(int(self.header("content-length") or 0))
                body: bytes = await self._proto()
                self._pieces = ()
                return body
            return await self._read_chunks(limit, share)
        except RuntimeError as error:  # Granian's ProtocolClosed and ProtocolError
            raise ClientGone from error

    async def _read_chunks(self, limit: int, share: Share) -> bytes:
        pieces: list[bytes] = []
        size = 0
        self._pieces = _Pieces(self._proto)
        async for piece in self._pieces:
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            share.reserve(size)
            pieces.append(piece)
        self._pieces = ()
        return b"".join(pieces)

    async def discard(self) -> None:
        """
        Read on without keeping it, for a while, before the body is refused: a client that is cut
        off while it still sends would never see the answer.
        """
        if not self._has_body or self._pieces == ():
            return
        size = 0
        try:
            pieces = self._pieces or _Pieces(self._proto)
            async with asyncio.timeout(_DISCARD_SECONDS):
                async for piece in pieces:
                    size += len(piece)
                    if size > _DISCARD_BYTES:
                        return
        except (RuntimeError, TimeoutError):
            return

    @property
    def _has_body(self) -> bool:
        length = self.header("content-length")
        return length not in {None, "0"} or self.header("transfer-encoding") is not None

    async def gone(self) -> None:
        """Returns when the client has closed its connection."""
        await self._proto.client_disconnect()


class _Pieces:
    """A body's pieces; unlike Granian's own iterator it can be left and taken up again."""

    def __init__(self, proto: Any) -> None:
        self._inner = aiter(proto)

    def __aiter__(self) -> "_Pieces":
        return self

    def __anext__(self) -> Awaitable[bytes]:
        following: Awaitable[bytes] = self._inner.__anext__()
        return following


class HttpServer:
    """An application on a unix socket of mode 0600."""

    def __init__(
        self, app: Callable[[Request], Awaitable[Reply]], path: Path, connections: int
    ) -> None:
        self._app = app
        self._path = path
        self._server = Server(
            self,
            uds=path,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            websockets=False,
            log_enabled=False,
            backlog=1024,
            backpressure=connections,
        )
        self._server.uds_permissions = 0o600
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen; returns when the socket takes connections. Raises OSError."""
        self._path.unlink(missing_ok=True)
        self._task = asyncio.ensure_future(self._server.serve())
        while not _takes_connections(self._path):
            if self._task.done():
                self._task.result()
                raise OSError(f"The HTTP server ended while it opened {self._path}.")
            await asyncio.sleep(0.005)

    async def stop(self, patience: float = 5.0) -> None:
        """Finish the answers under way, then close; may be called twice."""
        if self._task is None:
            return
        self._server.stop()  # type: ignore[no-untyped-call]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._task, patience)
        self._task = None
        self._path.unlink(missing_ok=True)

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """Granian's entry: one call for each request."""
        if scope.proto != "http":
            proto.close(400)
            return
        try:
            reply = await self._app(Request(scope, proto))
        except ClientGone:
            proto.response_bytes(499, _TEXT, b"")
            return
        if isinstance(reply.body, bytes):
            proto.response_bytes(reply.status, reply.headers, reply.body)
            return
        try:
            await _send(proto, reply, reply.body)
        finally:
            reply.done()


def _takes_connections(path: Path) -> bool:
    """Whether somebody listens: the file is there a moment before that."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


async def _send(proto: Any, reply: Reply, body: Stream) -> None:
    transport = proto.response_stream(reply.status, reply.headers)
    try:
        async for piece in body:
            await transport.send_bytes(piece)
    except ClientGone:
        return
    except Exception as error:  # noqa: BLE001 - the head is out: all that is left is to stop here
        body.fail(error)
    finally:
        del transport  # its end ends the answer; a traceback would hold on to it
