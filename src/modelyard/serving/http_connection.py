"""One connection: requests in, answers out in the same order; HTTP/1.1 and 1.0."""

import asyncio
from collections import deque

from modelyard.serving import http_head
from modelyard.serving.http_answering import Answering
from modelyard.serving.http_parts import Application, Connections
from modelyard.serving.http_request import Incoming
from modelyard.serving.ledger import ID, Ledger

PIPELINED = 8
"""Whole requests that may wait behind the one being answered before no more are read."""

SMALL = 8 * 1024
"""
Bytes of a request that the gateway surely kept a copy of. It keeps what it had whole in a buffer
of 16 KB, with its own marks between headers; of more it could not say that it was lost.
"""

LINGER_SECONDS = 1.0
LINGER_BYTES = 16 * 1024 * 1024
"""
For so long, and so much, a refused client is read on without keeping it: one that is cut off
while it still sends would never see the answer.
"""


class Connection(Answering, asyncio.Protocol):
    """
    ``_current`` is the request that is being answered, ``_waiting`` are whole ones behind it.

    A request whose body is on its way is the current one as soon as its turn has come: then the
    application knows of it (it is *opened*).
    """

    def __init__(
        self,
        app: Application,
        connections: Connections,
        *,
        early: bool,
        ledger: Ledger | None = None,
    ) -> None:
        """
        ``early``: say of each request that it is taken, unless it is answered at once.

        With a ``ledger`` a request that is small and came alone is noted there, before any worker
        is told. A gateway whose connection ends without a byte sends it again, and the next front
        knows it. Of all others, and where the ledger is full, the answer is begun: from a
        connection that ends without a byte the request may then be sent again, to any front; with
        one it is lost, and the client is told.
        """
        super().__init__(app)
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Incoming] = deque()
        self._advancing = False
        self._early = early
        self._ledger = ledger
        self._alone = False  # what came last is small, and nothing of its request came before
        self._place = 0  # of the current request in the ledger
        self._fault: Exception | None = None  # what came last cannot be read
        self._ended = False  # the last answer is out
        self._discarded = 0
        self._reading = True
        self._steps = 0

    # what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._connections.discard(self)
        self._ended = True
        self._waiting.clear()
        self._arriving = None
        self._leave()
        if self._sending is not None:
            self._sending.lose()
        del self._parser, self._client  # they hold on to us

    def data_received(self, data: bytes) -> None:
        self._steps += 1
        self._alone = len(data) <= SMALL and self._arriving is None and not self._url
        if self._ended or self._fault is not None:
            self._discard(len(data))
            return
        try:
            self._feed(data)
        except Exception as error:  # noqa: BLE001 - whatever it was: what follows cannot be read
            self._break(error)
        if self._arriving is not None and not self._ended:
            self._arrives(self._arriving)

    def pause_writing(self) -> None:
        self._held_up = True
        if self._sending is not None:
            self._sending.hold()
        self._regulate()

    def resume_writing(self) -> None:
        self._held_up = False
        if self._sending is not None:
            self._sending.go_on()
        self._regulate()

    # what the server calls

    def finish(self) -> None:
        """The answer under way is the last one; close where there is none."""
        self._last = True
        if self._current is None and not self._ended:
            self._ended = True
            self._transport.close()

    def abort(self) -> None:
        """Cut it off."""
        self._transport.abort()

    @property
    def waits_for_client(self) -> bool:
        """Whether nothing is owed to the client."""
        return self._current is None or self._current is self._arriving

    @property
    def position(self) -> tuple[int, int]:
        """Something that changes while bytes move."""
        return self._steps, self._transport.get_write_buffer_size()

    # requests

    def _whole(self, request: Incoming) -> None:
        if self._ended:
            return
        if self._current is None or self._current is request:
            self._take(request)
        else:
            self._waiting.append(request)
            self._regulate()

    def _take(self, request: Incoming) -> None:
        self._current = request
        self._app.handle(request)
        if self._early and self._current is request and self._sending is None:
            if self._ledger is not None and self._alone and len(request.tag) == ID:
                self._place = self._ledger.begin(request.tag)
            if not self._place:
                self._announce()

    def _arrives(self, request: Incoming) -> None:
        """A part of a request is there; it is opened when those before it are answered."""
        if self._current is request:
            self._app.more(request)
        elif self._current is None:
            self._current = request
            self._app.open(request)
            if not self._ended and not request.body and _expects(request):
                self._transport.write(http_head.CONTINUE)
        else:
            self._regulate()

    def _advance(self) -> None:
        """The next in turn; a loop, because many may be answered at once."""
        if self._advancing:
            return
        self._advancing = True
        self._alone = False
        while self._waiting and self._current is None and not self._ended:
            self._take(self._waiting.popleft())
        self._advancing = False
        if self._current is None and not self._ended:
            if self._fault is not None:
                self._answer_fault(self._fault)
            elif self._arriving is not None:
                self._arrives(self._arriving)
        self._regulate()

    def _break(self, error: Exception) -> None:
        """Nothing more can be read: answer what came before, then say so, and close."""
        self._fault = error
        if self._arriving is not None and self._arriving is self._current:
            self._leave()
        self._arriving = None
        if self._current is None:
            self._answer_fault(error)

    def _answer_fault(self, error: Exception) -> None:
        nobody = Incoming(self, b"GET", b"/", [])
        self._current = nobody
        self._last = True
        self.respond(nobody, self._app.unreadable(nobody, error))

    def _leave(self) -> None:
        current, self._current = self._current, None
        self._settle()
        if current is not None and current.on_gone is not None:
            current.on_gone(current)

    # after an answer

    def _answered(self, last: bool) -> None:
        self._current = None
        if self._place:
            self._settle()
        if last:
            self._end()
        elif self._waiting or self._arriving is not None or self._fault is not None:
            self._advance()

    def _settle(self) -> None:
        place, self._place = self._place, 0
        if place and self._ledger is not None:
            self._ledger.end(place)

    def _end(self) -> None:
        self._ended = True
        self._waiting.clear()
        if self._arriving is None and self._fault is None:
            self._transport.close()
        else:
            self._regulate()
            self._loop.call_later(LINGER_SECONDS, self._transport.close)

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > LINGER_BYTES:
            self._transport.close()

    def _regulate(self) -> None:
        """Read on, unless there is more than can be answered, or the client takes no answers."""
        queued = self._arriving is not None and self._arriving is not self._current
        full = len(self._waiting) >= PIPELINED or (queued and self._current is not None)
        wanted = self._ended or not (full or (self._held_up and self._sending is None))
        if wanted != self._reading and not self._transport.is_closing():
            self._reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()


def _expects(request: Incoming) -> bool:
    return request.known.get(b"expect", b"").lower() == b"100-continue" and not request.old
