"""From replies to the bytes of a connection."""

import asyncio
from abc import abstractmethod
from functools import partial

from modelyard.serving import http_head
from modelyard.serving.exchange import Reply
from modelyard.serving.http_parts import Application
from modelyard.serving.http_reading import Reading
from modelyard.serving.http_request import Incoming
from modelyard.serving.http_streams import StreamSender
from modelyard.serving.refusals import ClientGone
from modelyard.serving.streams import Stream

_JOINED = 64 * 1024
"""Bytes up to which a body is written in one piece with its head."""


class Answering(Reading):
    """Answers ``_current``; a subclass is told when that is done (``_answered``)."""

    def __init__(self, app: Application) -> None:
        super().__init__(self)
        self._app = app
        self._transport: asyncio.Transport
        self._current: Incoming | None = None
        self._begun = False  # the first bytes of an answer are out
        self._last = False  # the next answer is the last
        self._held_up = False  # the client does not read
        self._sending: StreamSender | None = None

    def respond(self, request: Incoming, reply: Reply) -> None:
        """Any answer."""
        body = reply.body
        lines = http_head.lines(reply.headers)
        if not isinstance(body, Stream):
            self.send(request, reply.status, lines, body)
        elif request is not self._current or _without_body(request, reply.status):
            body.drop(ClientGone())  # nobody reads it
            reply.done()
            self.send(request, reply.status, lines, b"")
        else:
            # to a client of HTTP/1.0 the end of the connection is the end of the body
            last = request.old or self._is_last(request)
            head = http_head.head(reply.status, lines, None, request, last=last)
            self._transport.write(self._rest(head))
            self._sending = StreamSender(self._transport, body, chunked=not request.old)
            if self._held_up:
                self._sending.hold()  # by what was sent before it
            self._sending.start(partial(self._streamed, reply, last=last))

    def send(
        self,
        request: Incoming,
        status: int,
        lines: bytes,
        body: bytes | bytearray | memoryview,
    ) -> None:
        """A whole answer, its header lines as they are sent."""
        if request is not self._current:
            return
        last = self._is_last(request)
        if request.method == "POST" and status == 200 and len(body) <= _JOINED:
            answer = http_head.whole(lines, body, request, last=last)
            self._transport.write(self._rest(answer) if self._begun else answer)
            self._answered(last)
            return
        head = self._rest(http_head.head(status, lines, len(body), request, last=last))
        if _without_body(request, status):
            self._transport.write(head)
        elif len(body) <= _JOINED:
            self._transport.write(head + body)
        else:
            self._transport.writelines((head, body))
        self._answered(last)

    def _rest(self, answer: bytes) -> bytes:
        """What of it is not out yet."""
        if not self._begun:
            return answer
        self._begun = False
        return answer[len(http_head.BEGINNING) :]

    def _is_last(self, request: Incoming) -> bool:
        return (
            not request.keep_alive or self._last or request is self._arriving or self._app.draining
        )

    def _streamed(self, reply: Reply, *, whole: bool, last: bool) -> None:
        """The stream has ended; one that broke off ends its connection without a proper end."""
        self._sending = None
        reply.done()
        if self._current is not None:
            self._answered(last or not whole)

    def _announce(self) -> None:
        """The first bytes, before the rest is known."""
        # written at the end of this turn of the loop, so before any worker is told
        self._transport.write(http_head.BEGINNING)
        self._begun = True

    @abstractmethod
    def _answered(self, last: bool) -> None:
        """An answer is out; with ``last`` the connection ends."""


def _without_body(request: Incoming, status: int) -> bool:
    return request.method == "HEAD" or status in http_head.WITHOUT_BODY
