"""The routes of OTLP over HTTP, and what they answer."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from modelyard.collector.intake import Arrival, Entry
from modelyard.collector.otlp import logs, metrics, spans
from modelyard.collector.otlp.decoding import JSON, PROTOBUF, Malformed, Unknown, decode, kind_of
from modelyard.collector.otlp.messages import LOGS, METRICS, TRACES, Signal, json_format
from modelyard.collector.otlp.rejected import Taken
from modelyard.collector.sink import Sink
from modelyard.collector.web import HttpAnswer, HttpRequest, Route

BODY_LIMIT = 16 * 1024 * 1024
_AT_ONCE = 64 * 1024
"""Larger bodies are read beside the collector's loop."""

_INVALID_ARGUMENT = 3

Take = Callable[[Any, Arrival], Taken]


def routes(sink: Sink, entry: Entry) -> Sequence[Route]:
    """``/v1/metrics``, ``/v1/logs`` and ``/v1/traces``, also below a key."""
    signals = ((METRICS, metrics.take), (LOGS, logs.take), (TRACES, spans.take))
    receivers = [(s.path, Receiver(sink, entry, s, take)) for s, take in signals]
    return [
        Route("POST", f"{before}/v1/{path}", receiver.handle, BODY_LIMIT)
        for before in ("", "/telemetry/{key}")
        for path, receiver in receivers
    ]


class Receiver:
    """Takes one signal."""

    def __init__(self, sink: Sink, entry: Entry, signal: Signal, take: Take) -> None:
        self._sink = sink
        self._entry = entry
        self._signal = signal
        self._take = take

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        """200, with what was refused if some was; 400 or 415 where nothing can be read."""
        arrival = self._entry.arrive(request)
        try:
            kind = kind_of(request.headers.get("content-type", ""))
        except Unknown as error:
            return _refusal(415, JSON, str(error))
        try:
            if len(request.body) <= _AT_ONCE:
                taken = self._read(request.body, kind, arrival)
            else:
                taken = await asyncio.to_thread(self._read, request.body, kind, arrival)
        except Malformed as error:
            return _refusal(400, kind, str(error))
        for table, rows in taken.rows.items():
            self._sink.add(table, rows)
        return HttpAnswer(200, {"content-type": kind}, self._said(taken, kind))

    def _read(self, body: bytes, kind: str, arrival: Arrival) -> Taken:
        return self._take(decode(body, kind, self._signal), arrival)

    def _said(self, taken: Taken, kind: str) -> bytes:
        response = self._signal.response()
        if taken.refused:
            setattr(response.partial_success, self._signal.rejected, taken.refused)
            response.partial_success.error_message = taken.why
        if kind == PROTOBUF:
            found: bytes = response.SerializeToString()
            return found
        text: str = json_format().MessageToJson(response, indent=None)
        return text.encode()


def _refusal(status: int, kind: str, message: str) -> HttpAnswer:
    """google.rpc.Status: field 1 the code, field 2 the message."""
    if kind == JSON:
        body = msgspec.json.encode({"code": _INVALID_ARGUMENT, "message": message})
    else:
        text = message.encode()
        body = bytes((0x08, _INVALID_ARGUMENT, 0x12)) + _varint(len(text)) + text
    return HttpAnswer(status, {"content-type": kind}, body)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
