"""Our own processes' log lines as records."""

import logging

from modelyard.telemetry.encoding import encode
from modelyard.telemetry.failures import of_exception
from modelyard.telemetry.records import Log
from modelyard.telemetry.ring import RingWriter

_MESSAGE_LIMIT = 32 * 1024


class RingHandler(logging.Handler):
    """
    Puts each log record into a ring, and the exception that it carries; from any thread.

    The ring has one producer: the handler's own lock sees to that.
    """

    def __init__(self, ring: RingWriter, source: str) -> None:
        super().__init__()
        self._ring = ring
        self._source = source

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._put(record)
        except Exception:  # noqa: BLE001 - as every handler: logging must not end its caller
            self.handleError(record)

    def end(self) -> None:
        """
        No more comes; the ring stays for the collector.

        Not done by ``close``: logging calls that of handlers in use when it is configured anew.
        """
        self.acquire()
        try:
            self._ring.close()
        finally:
            self.release()

    def _put(self, record: logging.LogRecord) -> None:
        request = getattr(record, "request_id", "")
        request = request if isinstance(request, str) else ""
        text = f"{record.name}: {record.getMessage()}"[:_MESSAGE_LIMIT]
        message = text.encode("utf-8", "backslashreplace").decode()
        log = Log(record.created, self._source, message, record.levelname, request)
        self._ring.put(encode(log))
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._ring.put(encode(of_exception(error, record.created, request)))
