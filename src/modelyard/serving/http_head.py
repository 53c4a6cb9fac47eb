"""The head of an HTTP/1.1 answer as bytes; pure but for the clock of its date."""

import http
import time
from email.utils import formatdate

from modelyard.serving.exchange import Headers
from modelyard.serving.http_request import Incoming

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BEGINNING = b"HTTP/1.1 "
"""How every answer begins."""

WITHOUT_BODY = (204, 304)

_REASONS = {status.value: status.phrase.encode() for status in http.HTTPStatus}
_starts: dict[int, bytes] = {}
_second = 0


def start(status: int) -> bytes:
    """The status line and the date."""
    global _second
    now = int(time.time())
    if now != _second:
        _second = now
        _starts.clear()
    found = _starts.get(status)
    if found is None:
        reason = _REASONS.get(status, b"Unknown")
        date = formatdate(now, usegmt=True).encode()
        found = b"HTTP/1.1 %d %s\r\ndate: %s\r\n" % (status, reason, date)
        _starts[status] = found
    return found


def lines(headers: Headers) -> bytes:
    """Header lines, each with its end."""
    text = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return text.encode("latin-1", "replace")


def whole(
    rest: bytes, body: bytes | bytearray | memoryview, request: Incoming, *, last: bool
) -> bytes:
    """A whole answer of status 200 to a POST."""
    if last:
        rest += b"connection: close\r\n"
    elif request.old:
        rest += b"connection: keep-alive\r\n"
    return b"%b%bcontent-length: %d\r\n\r\n" % (start(200), rest, len(body)) + body


def head(status: int, rest: bytes, size: int | None, request: Incoming, *, last: bool) -> bytes:
    """
    The whole head: ``rest`` are the application's header lines.

    ``size`` is None for a stream. ``last`` says that the connection ends with this answer.
    """
    if last:
        rest += b"connection: close\r\n"
    elif request.old:
        rest += b"connection: keep-alive\r\n"
    if status in WITHOUT_BODY:
        return b"%s%s\r\n" % (start(status), rest)
    if size is not None:
        return b"%s%scontent-length: %d\r\n\r\n" % (start(status), rest, size)
    if request.old:
        return b"%s%s\r\n" % (start(status), rest)
    return b"%s%stransfer-encoding: chunked\r\n\r\n" % (start(status), rest)
