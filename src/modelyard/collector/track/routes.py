"""The routes, and what they answer."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from modelyard.collector.intake import Entry
from modelyard.collector.sink import Row, Sink
from modelyard.collector.track.envelopes import rows
from modelyard.collector.track.reading import Item, Malformed, read
from modelyard.collector.track.values import Wrong
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import Unauthenticated

BODY_LIMIT = 16 * 1024 * 1024
PATHS = ("/v2/track", "/v2.1/track", "/telemetry/{key}/v2/track", "/telemetry/{key}/v2.1/track")

_MOST_ERRORS = 1000
_AT_ONCE = 64 * 1024
"""Larger bodies are read beside the collector's loop."""

_JSON = {"content-type": "application/json"}


def routes(sink: Sink, entry: Entry) -> Sequence[Route]:
    """Application Insights' tracks."""
    track = Track(sink, entry)
    return [Route("POST", path, track.handle, BODY_LIMIT) for path in PATHS]


class Track:
    """Takes envelopes; each that cannot be taken is named, the others are kept."""

    def __init__(self, sink: Sink, entry: Entry) -> None:
        self._sink = sink
        self._entry = entry

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        """200 where all were taken, 206 for some, 400 for none, also where the key is missing."""
        try:
            self._entry.check_before(request)
            if len(request.body) <= _AT_ONCE:
                found, answer = self._read(request)
            else:
                found, answer = await asyncio.to_thread(self._read, request)
        except Unauthenticated as error:
            # as Azure answers a wrong key: whatever is neither 2xx nor 400 Microsoft's package
            # sends again, at once and without end
            return _answer(400, 0, 0, [_error(0, error.message)])
        for table, many in found.items():
            self._sink.add(table, many)
        return answer

    def _read(self, request: HttpRequest) -> tuple[dict[str, list[Row]], HttpAnswer]:
        """The rows by table, and what to say."""
        found: dict[str, list[Row]] = {}
        try:
            items = read(request.body)
        except Malformed as error:
            self._entry.arrive_with(request, "")  # the key is in it, and nobody can say where
            return found, _answer(400, 0, 0, [_error(0, f"The body is malformed: {error}")])
        arrival = self._entry.arrive_with(request, _key(items))
        errors = []
        for item in items:
            try:
                if item.problem:
                    raise Wrong(item.problem)
                for table, one in rows(item.envelope, arrival):
                    found.setdefault(table, []).append(one)
            except Wrong as error:
                errors.append(_error(item.index, str(error)))
        accepted = len(items) - len(errors)
        status = 200 if not errors else 206 if accepted else 400
        return found, _answer(status, len(items), accepted, errors)


def _key(items: Sequence[Item]) -> str:
    """The instrumentation key, where all envelopes name the same."""
    keys = {item.envelope.get("iKey") for item in items if isinstance(item.envelope, dict)}
    only = keys.pop() if len(keys) == 1 else None
    return only if isinstance(only, str) else ""


def _error(index: int, message: str) -> dict[str, Any]:
    return {"index": index, "statusCode": 400, "message": message}


def _answer(status: int, received: int, accepted: int, errors: list[Any]) -> HttpAnswer:
    said = {"itemsReceived": received, "itemsAccepted": accepted, "errors": errors[:_MOST_ERRORS]}
    return HttpAnswer(status, _JSON, msgspec.json.encode(said))
