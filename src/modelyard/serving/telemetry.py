"""What a front hands to the collector: a record for each request, exception and log line."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from modelyard.domain.fronts import FrontSpec
from modelyard.domain.shadows import SHADOW_HEADER
from modelyard.serving.exchange import Answer, HeaderLines, Reply
from modelyard.serving.http_request import Incoming
from modelyard.serving.log_lines import LogLines
from modelyard.serving.messages import BUCKET, CHOSEN, USER
from modelyard.serving.refusals import ClientGone, Refusal
from modelyard.serving.streams import Stream
from modelyard.serving.tickets import Ticket
from modelyard.telemetry import rings
from modelyard.telemetry.encoding import encode, encode_into, encode_lot_into
from modelyard.telemetry.failures import of_fault
from modelyard.telemetry.records import About, Event
from modelyard.telemetry.ring import RingWriter

CLIENT_GONE = 499
"""The status of a request whose client did not wait for its answer."""

LOT = 32
"""Records that are handed over as one at most."""

_LOT_BYTES = 256 * 1024
_UNWRITABLE = (msgspec.EncodeError, TypeError, ValueError, OverflowError)
_CLOCK_SECONDS = 1.0
_FAILED = ("x-ms-run-function-failed", "True")
_TRACE, _SHADOW = b"traceparent", SHADOW_HEADER.encode()
_CODE_LIMIT = 64 * 1024
_HEALTH = "/"


class _Said(msgspec.Struct):
    code: str = ""


_said = msgspec.json.Decoder(_Said).decode


class Rings:
    """
    The two rings of a front, and who writes into them; None where nothing is written.

    There are two because a flood of lines shall not crowd out requests and exceptions.
    """

    def __init__(self, spec: FrontSpec, note: Callable[[str], None]) -> None:
        """Where they cannot be made the front goes on without, and says so."""
        self.recorder: Recorder | None = None
        self.lines: LogLines | None = None
        self.failed: Callable[[Mapping[str, Any]], object] | None = None
        self.tell: Callable[[Event], object] | None = None
        self._rings: list[RingWriter] = []
        if spec.rings:
            try:
                self._open(spec)
            except OSError as error:
                self.close()
                self.recorder = self.lines = self.failed = self.tell = None
                note(f"no telemetry is handed over: {error}")

    def _open(self, spec: FrontSpec) -> None:
        pid = os.getpid()
        about = About(
            "front",
            spec.id,
            spec.workspace,
            spec.service,
            spec.service_version,
            spec.revision,
            pid,
        )
        folder, name = Path(spec.rings), f"{spec.id}-{pid}"
        requests = rings.create(folder, f"{name}.requests", rings.REQUESTS_BYTES, about)
        self._rings.append(requests)
        self.recorder = Recorder(requests, soon=_soon)
        self.failed = lambda fault: requests.put(encode(of_fault(fault, time.time())))
        self.tell = lambda event: requests.put(encode(event))
        logs = rings.create(folder, f"{name}.logs", rings.LOGS_BYTES, about)
        self._rings.append(logs)
        self.lines = LogLines(logs)

    def close(self) -> None:
        """What was put in stays for the collector. May be called twice."""
        if self.recorder is not None:
            self.recorder.flush()
        for ring in self._rings:
            ring.close()


class Recorder:
    """
    Writes a record of each request that a worker ran or that was refused, in the event loop.

    Probes of health and what needs no worker (descriptions, preflights) have none. Those of one
    turn of the event loop are handed over together at its end: that costs half.
    """

    def __init__(
        self,
        ring: RingWriter,
        clock: Callable[[], float] = time.time,
        soon: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        """
        ``clock`` gives seconds since the epoch. ``soon`` has something done at the end of the
        turn; without it each record is handed over by itself, at once.
        """
        self._put, self._drop = ring.put, ring.drop
        self._buffer = bytearray()
        self._lot: list[tuple[Any, ...]] = []
        self._soon = soon
        self._clock = clock
        self._offset = 0.0  # from the monotonic clock to the other; it is looked at once a second
        self._until = 0.0
        self._lines: HeaderLines | None = None
        self._failed = False  # what those lines say; nearly all answers have the same

    def answered(
        self, request: Incoming, ticket: Ticket, answer: Answer, status: int, sent: int
    ) -> None:
        """A worker answered, and ``sent`` bytes of body went out with ``status``."""
        now = monotonic()
        if now > self._until:
            self._until = now + _CLOCK_SECONDS
            self._offset = self._clock() - now
        if answer.lines is not self._lines or answer.lines is None:
            self._lines = answer.lines
            self._failed = _failed(answer)
        begun, given, known = request.began, ticket.given, request.known
        client, bucket = known.get(b"x-forwarded-for"), known.get(BUCKET)
        record = (
            "r",
            begun + self._offset,
            request.tag.decode(),
            request.method,
            request.path,
            status,
            "" if status < 400 else _code(answer.body),
            (now - begun) * 1000,
            (given - ticket.taken) * 1000 if given else -1.0,
            -1.0 if answer.run_ms is None else answer.run_ms,
            ticket.together,
            len(ticket.body) if request.render is None else request.length,
            sent,
            "" if client is None else client.decode("latin-1"),
            -1 if bucket is None else _number(bucket),
            self._failed,
            known[_TRACE].decode("latin-1") if _TRACE in known else "",
            ticket.worker,
        )
        if bucket is not None or CHOSEN in known:  # of a service with several versions
            record = (*record, *_split(known))  # type: ignore[assignment]
        lot = self._lot
        if not lot and self._soon is not None:
            self._soon(self.flush)
        lot.append(record)
        if len(lot) >= LOT or self._soon is None:
            self.flush()

    def flush(self) -> None:
        """Hand over what was recorded."""
        lot, buffer = self._lot, self._buffer
        self._lot = []
        if len(lot) > 1:
            with suppress(*_UNWRITABLE):  # then one by one, so that the others are not lost
                encode_lot_into(lot, buffer)
                if len(buffer) <= _LOT_BYTES:
                    self._put(buffer, len(lot))
                    return
        for record in lot:
            try:
                encode_into(record, buffer)
            except _UNWRITABLE:
                self._drop()
            else:
                self._put(buffer)

    def streamed(
        self, request: Incoming, ticket: Ticket, answer: Answer, status: int, body: Stream
    ) -> None:
        """An answer in pieces has ended, whole or not."""
        if isinstance(body.error, ClientGone):
            self._put_other(request, ticket, CLIENT_GONE, "client_gone", sent=body.taken)
        elif body.error is not None:
            code = body.error.code if isinstance(body.error, Refusal) else "stream_failed"
            self._put_other(request, ticket, status, code, failed=True, sent=body.taken)
        else:
            self.answered(request, ticket, answer, status, body.taken)

    def refused(self, request: Incoming, work: Any, reply: Reply, error: Exception) -> None:
        """It was answered with an error; ``work`` is its ticket where it had become one."""
        if request.path == _HEALTH:
            return
        code, failed = "internal_error", False
        if isinstance(error, Refusal):
            code, failed = error.code, _FAILED in error.headers
        sent = 0 if isinstance(reply.body, Stream) else len(reply.body)
        self._put_other(request, work, reply.status, code, failed=failed, sent=sent)

    def gone(self, request: Incoming, work: Any) -> None:
        """Its client has left before the answer, or before its end."""
        stream = work.stream if isinstance(work, Ticket) else None
        sent = 0 if stream is None else stream.taken
        self._put_other(request, work, CLIENT_GONE, "client_gone", sent=sent)

    def _put_other(
        self,
        request: Incoming,
        work: Any,
        status: int,
        code: str,
        *,
        failed: bool = False,
        sent: int = 0,
    ) -> None:
        now = monotonic()
        ticket = work if isinstance(work, Ticket) else None
        begun = request.began or (now if ticket is None else ticket.taken)
        given = 0.0 if ticket is None else ticket.given
        record = (
            "r",
            self._clock() - now + begun,
            request.tag.decode(),
            request.method,
            request.path,
            status,
            code,
            (now - begun) * 1000,
            -1.0 if ticket is None or not given else (given - ticket.taken) * 1000,
            -1.0,
            1 if ticket is None else ticket.together,
            _received(request, ticket),
            sent,
            request.header("x-forwarded-for") or "",
            _number(request.known.get(BUCKET, b"")),
            failed,
            request.header("traceparent") or "",
            0 if ticket is None else ticket.worker,
            *_split(request.known),
        )
        self._put(encode(record))


def _soon(flush: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_soon(flush)


def _code(body: object) -> str:
    """The code that the JSON of an error names."""
    if not isinstance(body, bytes | bytearray | memoryview) or len(body) > _CODE_LIMIT:
        return ""
    try:
        return _said(body).code[:64]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def _failed(answer: Answer) -> bool:
    return any((name.lower(), value) == _FAILED for name, value in answer.headers)


def _split(known: Mapping[bytes, bytes]) -> tuple[str, bool, bool]:
    """The user, whether the caller named the version, and whether it is a shadow's copy."""
    return known.get(USER, b"").decode("latin-1"), CHOSEN in known, _SHADOW in known


def _number(header: bytes) -> int:
    return int(header[:9]) if header.isdigit() else -1


def _received(request: Incoming, ticket: Ticket | None) -> int:
    if ticket is not None and request.render is None:
        return len(ticket.body)
    return max(request.length, len(request.body))
