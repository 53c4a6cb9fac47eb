"""Asks a shadow's front over its unix socket, one request at a time, on a kept connection."""

import asyncio
from urllib.parse import quote

import httptools

from modelyard.domain.shadows import SHADOW_HEADER
from modelyard.serving.http_request import Fields
from modelyard.serving.shadow_copy import Answered, Copy

_OURS = b"x-modelyard-"
_NOT_SENT = frozenset(
    (
        b"connection", b"content-length", b"expect", b"host", b"keep-alive", b"te", b"trailer",
        b"transfer-encoding", b"upgrade", b"x-request-id",
    )
)  # fmt: skip
_MARKS = b"%s: 1\r\nx-modelyard-chosen: 1\r\n" % SHADOW_HEADER.encode()
_AGAIN = "retry-after"


class NotReady(Exception):
    """Nobody is there, or says that it takes none now: the same may be asked again."""


class Lost(Exception):
    """The connection broke off before the answer was whole."""


class AnswerTooLarge(Exception):
    """It is larger than what is compared."""


class ShadowClient:
    """``limit`` is how many bytes of an answer are taken."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._talk: _Talk | None = None
        self._path = ""

    async def ask(self, path: str, copy: Copy) -> Answered:
        """
        The answer of who listens at ``path``. Raises NotReady, Lost, AnswerTooLarge.

        Cancelled, it leaves the connection: the front sees that nobody waits any more.
        """
        talk = await self._connected(path)
        try:
            found = await talk.ask(_request(copy))
        except BaseException:
            self.close()
            raise
        if found.status == 503 and found.again:
            raise NotReady
        return found

    def close(self) -> None:
        """Leave the connection; may be called twice."""
        talk, self._talk = self._talk, None
        if talk is not None:
            talk.close()

    async def _connected(self, path: str) -> "_Talk":
        if self._talk is not None and self._talk.open and self._path == path:
            return self._talk
        self.close()
        loop = asyncio.get_running_loop()
        try:
            _, talk = await loop.create_unix_connection(lambda: _Talk(self._limit), path)
        except OSError as error:
            raise NotReady from error
        self._talk, self._path = talk, path
        return talk


class _Talk(asyncio.Protocol):
    """One connection; also the parser's callbacks."""

    def __init__(self, limit: int) -> None:
        self.open = False
        self._limit = limit
        self._transport: asyncio.Transport
        self._waiting: asyncio.Future[Answered] | None = None
        self._begin()

    async def ask(self, request: list[bytes]) -> Answered:
        self._begin()
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.writelines(request)
        return await self._waiting

    def close(self) -> None:
        self.open = False
        self._transport.abort()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._fields: dict[str, str] = {}
        self._body = bytearray()

    # what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(Lost(str(error)))

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self._fail(Lost(str(error or "closed")))

    # what the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, piece: bytes) -> None:
        self._body += piece
        if len(self._body) > self._limit:
            self._fail(AnswerTooLarge())

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.close()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            status = self._parser.get_status_code()
            waiting.set_result(Answered(status, self._fields, bytes(self._body)))

    def _fail(self, error: Exception) -> None:
        waiting, self._waiting = self._waiting, None
        if self.open:
            self.close()
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)


def _request(copy: Copy) -> list[bytes]:
    """The request as bytes: as it came, but marked, and without what belongs to a connection."""
    target = quote(copy.path, safe="/:@!$&'()*+,;=~").encode()
    if copy.query:
        target += b"?" + copy.query.encode("latin-1")
    head = b"%s %s HTTP/1.1\r\nhost: shadow\r\nx-request-id: %s\r\n%s%scontent-length: %d\r\n\r\n"
    values = (copy.method.encode(), target, copy.id, _MARKS, _lines(copy.fields), len(copy.body))
    return [head % values, copy.body]


def _lines(fields: Fields) -> bytes:
    kept = [pair for pair in fields if pair[0] not in _NOT_SENT and not pair[0].startswith(_OURS)]
    return b"".join([b"%s: %s\r\n" % pair for pair in kept])
