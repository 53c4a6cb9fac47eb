"""
The HTTP server of a front: a socket and its connections.

Ours, on httptools' parser: a request costs no task and no coroutine, and a stream that breaks off
can be seen as broken. ``benchmarks/http_server.py`` compares it with others.
"""

import asyncio
import contextlib
import os
import socket
from pathlib import Path

from modelyard.serving.http_connection import Connection
from modelyard.serving.http_parts import Application, Closable, Connections
from modelyard.serving.ledger import Ledger

IDLE_SECONDS = 90.0
"""
A connection on which nothing has moved for so long (to twice that) is closed. The gateway lets go
of one that it does not use after a few seconds, clients keep theirs for a minute.
"""

Place = Path | tuple[str, int]


class HttpServer:
    """
    An application on a unix socket of mode 0600, or on an address and port.

    Who asks on a unix socket is told what was taken, by ``ledger`` where there is one.
    """

    def __init__(
        self,
        app: Application,
        place: Place,
        backlog: int = 1024,
        ledger: Ledger | None = None,
    ) -> None:
        self._app = app
        self._place = place
        self._backlog = backlog
        self._ledger = ledger
        self._server: asyncio.Server | None = None
        self._connections = Connections()
        self._positions: dict[Closable, tuple[int, int]] = {}
        self._look: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Listen; returns when the socket takes connections. Raises OSError."""
        loop = asyncio.get_running_loop()
        listener = _listener(self._place)
        listener.setblocking(False)
        self._server = (
            await loop.create_server(self._connection, sock=listener, backlog=self._backlog)
            if not isinstance(self._place, Path)
            else await loop.create_unix_server(
                self._connection, sock=listener, backlog=self._backlog
            )
        )
        self._look = loop.call_later(IDLE_SECONDS, self._look_for_idle)

    @property
    def port(self) -> int:
        """The port it listens on; 0 while it does not."""
        if self._server is None:
            return 0
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, patience: float = 5.0) -> None:
        """Finish the answers under way, then close; may be called twice."""
        if self._server is None:
            return
        server, self._server = self._server, None
        if self._look is not None:
            self._look.cancel()
        server.close()
        if isinstance(self._place, Path):
            self._place.unlink(missing_ok=True)
        for connection in list(self._connections.open):
            connection.finish()
        await self._until_closed(patience)
        for connection in list(self._connections.open):
            connection.abort()
        await self._until_closed(1.0)

    async def _until_closed(self, patience: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._connections.none.wait(), patience)

    def _connection(self) -> Connection:
        early = isinstance(self._place, Path)
        return Connection(self._app, self._connections, early=early, ledger=self._ledger)

    def _look_for_idle(self) -> None:
        """Close those whose client has neither said nor taken anything since the last look."""
        before = self._positions
        self._positions = {c: c.position for c in self._connections.open if c.waits_for_client}
        for connection, position in self._positions.items():
            if before.get(connection) == position:
                connection.abort()
        self._look = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._look_for_idle)


def _listener(place: Place) -> socket.socket:
    if not isinstance(place, Path):
        return socket.create_server(place)
    place.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(place))
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener
