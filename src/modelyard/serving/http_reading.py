"""From the bytes of a connection to requests, and what the parser must not let pass."""

from abc import ABC, abstractmethod

import httptools

from modelyard.serving.growing import GrowingBody
from modelyard.serving.http_request import Client, Fields, Incoming
from modelyard.serving.refusals import bad_request, head_too_large

HEAD_LIMIT = 64 * 1024
HEADER_COUNT = 128


class Reading(ABC):
    """
    The parser's callbacks; a subclass is told of whole requests (``_whole``).

    ``_arriving`` is the request whose head has come and whose end has not.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._fields: Fields = []
        self._arriving: Incoming | None = None
        self._upgrading: Incoming | None = None
        self._large = False  # the read being parsed could hold too large a head
        self._quiet = 0  # bytes since a head, a piece of a body or the end of a request

    def _feed(self, data: bytes) -> None:
        """Parse. Raises Refusal for what is no HTTP, or more of a head than is allowed."""
        size = len(data)
        self._quiet += size
        self._large = size > HEAD_LIMIT
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_body_of_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            raise _cause(error) from None
        except httptools.HttpParserError as error:
            raise bad_request(str(error)) from None
        if self._quiet > HEAD_LIMIT:
            raise head_too_large(HEAD_LIMIT, HEADER_COUNT)

    def _read_body_of_upgrade(self, rest: bytes) -> None:
        """
        Go on behind a head that asked for another protocol.

        Nothing is upgraded here: the request is answered as it is, and the last of its connection.
        But the parser gives up its body, which clients send that offer HTTP/2 with every request;
        so another parser reads that, behind a head of ours.
        """
        request = self._upgrading
        if request is None:
            return
        self._parser = httptools.HttpRequestParser(self)
        encoding = b"transfer-encoding: chunked"
        framing = encoding if request.chunked else b"content-length: %d" % request.length
        self._feed(b"POST / HTTP/1.1\r\n%b\r\n\r\n%b" % (framing, rest))

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; those behind a body in chunks are forgotten."""
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        parser, fields = self._parser, self._fields
        if self._upgrading is not None:  # the head was our own
            self._begin(self._upgrading)
            self._upgrading = None
            return
        request = Incoming(self._client, parser.get_method(), self._url, fields)
        if len(fields) > HEADER_COUNT or (self._large and _size(self._url, fields) > HEAD_LIMIT):
            raise head_too_large(HEAD_LIMIT, HEADER_COUNT)
        upgrade = parser.should_upgrade()
        request.keep_alive = parser.should_keep_alive() and not upgrade
        # kept alive without being asked to: that is HTTP/1.1, and asking the parser is slow
        if not request.keep_alive or b"connection" in request.known:
            _check_version(request, parser.get_http_version())
        if request.chunked:
            _check_chunked(request)
        if upgrade and (request.chunked or request.length):
            self._upgrading = request
        else:
            self._begin(request)

    def _begin(self, request: Incoming) -> None:
        """The body is next."""
        self._url = b""
        self._fields = []
        self._quiet = 0
        self._arriving = request

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        self._quiet = 0
        request = self._arriving
        if request is None:
            return
        body = request.body
        if not body and isinstance(body, bytes):
            request.body = piece
            return
        if isinstance(body, bytes):
            request.body = body = GrowingBody(body)
        body.extend(piece)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._quiet = 0
        self._fields = []
        request, self._arriving = self._arriving, None
        if request is not None:
            self._whole(request)

    @abstractmethod
    def _whole(self, request: Incoming) -> None:
        """A request is whole."""


def _check_version(request: Incoming, version: str) -> None:
    if version == "1.0":
        request.old = True
    elif version != "1.1":
        raise bad_request(f"HTTP/{version} is not spoken here", 505)


def _check_chunked(request: Incoming) -> None:
    """What the parser lets pass and two servers could understand differently."""
    if request.old:
        raise bad_request("a body in chunks needs HTTP/1.1")
    if request.known[b"transfer-encoding"].lower() != b"chunked":
        raise bad_request("the only Transfer-Encoding understood here is chunked", 501)


def _size(url: bytes, fields: Fields) -> int:
    return len(url) + sum(len(name) + len(value) for name, value in fields)


def _cause(error: Exception) -> Exception:
    """What a callback raised: a refusal, or a fault of ours."""
    cause = error.__context__
    return cause if isinstance(cause, Exception) else error
