"""Log lines as records: what workers say of each line is taken out of it and kept beside it."""

import re
import secrets
from collections.abc import Callable

from modelyard.telemetry.encoding import encode_into
from modelyard.telemetry.records import Log
from modelyard.telemetry.ring import RingWriter

TOKEN = secrets.token_hex(4)
"""By this a front tells the marks of its workers from what scripts write themselves."""

MARK_ROOM = 300
"""Bytes that the marks of one line have at most; it has one, or two where streams meet in it."""

MESSAGE_LIMIT = 32 * 1024
_STREAMS = {b"1": "stdout", b"2": "stderr"}


class LogLines:
    """
    Puts lines into a ring; for one thread.

    Marks are as ``modelyard_worker.marks`` writes them. A line without one was written past
    Python, so nothing more is known of it than which request was run when it came.
    """

    def __init__(self, ring: RingWriter, token: str = TOKEN) -> None:
        self._put = ring.put
        self._buffer = bytearray()
        self._begin = b"\x1e" + token.encode()
        self._mark = re.compile(
            re.escape(self._begin)
            + rb"([12])([^\x1d\x1f]{0,32})\x1d([^\x1d\x1f]{0,100})\x1d([^\x1d\x1f]{0,128})\x1f"
        )

    def worker(self, when: float, source: str, line: bytes, running: str) -> bytes:
        """
        A line of a worker's output; gives it without its marks.

        ``running`` is the id of the request that was run when it was read, '' for none.
        """
        mark = self._mark.search(line) if self._begin in line else None
        if mark is None:
            self._log(when, source, line, "", running, "", "")
            return line
        text = self._mark.sub(b"", line)
        level, request, trace = (mark[group].decode("ascii", "replace") for group in (2, 3, 4))
        self._log(when, source, text, level, request, _STREAMS[mark[1]], trace)
        return text

    def note(self, when: float, text: bytes) -> None:
        """A line of the front itself."""
        self._log(when, "front", text, "INFO", "", "", "")

    def _log(
        self,
        when: float,
        source: str,
        text: bytes,
        level: str,
        request: str,
        stream: str,
        trace: str,
    ) -> None:
        message = text[:MESSAGE_LIMIT].decode("utf-8", "replace")
        encode_into(Log(when, source, message, level, request, stream, trace), self._buffer)
        self._put(self._buffer)


Running = Callable[[], str]
"""Gives the id of the request that is run now, '' where it is none or more than one."""
