"""A request as it comes off a connection."""

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import unquote

from modelyard.serving.exchange import Answer, Headers, Reply, Request
from modelyard.serving.growing import GrowingBody
from modelyard.serving.sharing import SharedBody

Fields = list[tuple[bytes, bytes]]

_METHODS = {name.encode(): name for name in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD")}


class Client(Protocol):
    """Who asked, and takes the answer; a second one, or one that comes too late, is ignored."""

    def respond(self, request: "Incoming", reply: Reply) -> None:
        """Any answer."""

    def send(
        self,
        request: "Incoming",
        status: int,
        lines: bytes,
        body: bytes | bytearray | memoryview,
    ) -> None:
        """A whole answer, its header lines as they are sent: the quick way."""


class Incoming(Request):
    """
    A request on its connection; headers are only decoded where somebody asks for them.

    ``body`` grows while it comes; ``whole`` is for when it is there. ``tag``, ``extras``,
    ``reserved``, ``admitted``, ``work`` and ``render`` are the application's: the request's id,
    whether its answer has more than the front's usual headers, what it holds of the budget for
    bodies, whether it counts as under way, what waits for its answer, and how a protocol makes a
    reply of that.
    ``began`` is when its head came, 0.0 where that is when it was whole.
    ``on_gone`` is called when the client leaves before its answer has been handed over whole.
    """

    __slots__ = (
        "admitted",
        "began",
        "body",
        "chunked",
        "client",
        "extras",
        "fields",
        "keep_alive",
        "known",
        "old",
        "on_gone",
        "render",
        "reserved",
        "tag",
        "work",
    )

    def __init__(self, client: Client, method: bytes, url: bytes, fields: Fields) -> None:
        self.method = _METHODS.get(method) or method.decode("latin-1")
        self.path, self.query = ("/score", "") if url == b"/score" else target(url)
        self.client = client
        self.fields = fields
        self.known = dict(reversed(fields))  # of repeated ones the first
        self.body: bytes | GrowingBody | SharedBody = b""
        self.chunked = b"transfer-encoding" in self.known
        self.keep_alive = True
        self.old = False  # HTTP/1.0
        self.tag = b""
        self.extras = False
        self.reserved = 0
        self.began = 0.0
        self.admitted = False
        self.work: Any = None
        self.render: Callable[[Answer, Headers], Reply] | None = None
        self.on_gone: Callable[[Incoming], None] | None = None
        self._headers = None

    @property
    def whole(self) -> bytes | SharedBody:
        """The body when all of it has come."""
        body = self.body
        if isinstance(body, GrowingBody):
            self.body = body = bytes(body)
        return body

    @property
    def headers(self) -> Headers:
        """All of them, decoded."""
        if self._headers is None:
            self._headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in self.fields]
        return self._headers

    def header(self, name: str) -> str | None:
        """The first value of a header, by its lower-case name."""
        value = self.known.get(name.encode())
        return None if value is None else value.decode("latin-1")

    @property
    def id(self) -> str:
        """Its id, as text."""
        return self.tag.decode()

    @property
    def length(self) -> int:
        """What it says of its body's size; 0 where it does not."""
        return int(self.known.get(b"content-length", 0))


def target(url: bytes) -> tuple[str, str]:
    """Path (decoded) and query (as it came) of a request's target in any form."""
    if not url.startswith(b"/") and b"://" in url:
        _, slash, rest = url.partition(b"://")[2].partition(b"/")
        url = slash + rest
    path, _, query = url.partition(b"#")[0].partition(b"?")
    return unquote(path.decode("latin-1"), "utf-8", "replace"), query.decode("latin-1")
