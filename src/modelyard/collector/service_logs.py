"""Log lines of a service: the last ones, and those that come."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from modelyard.collector.answers import BASE
from modelyard.collector.asker import Asker
from modelyard.collector.moments import aware, moment, naive
from modelyard.collector.services import scope
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import BadInput
from modelyard.wire.telemetry import LogLine

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""By the number that the table holds."""

MOST = 100_000
_LINES = "5000"
_LOOK = 0.4
"""Seconds between two looks for further lines."""

_LATE = 5.0
"""Seconds that a line may be seen later than one that was printed after it."""

_QUIET = 10.0
"""Seconds without a line after which an empty one shows that the server lives."""

# lines of one moment stay in the order in which they came
_SELECT = """
    SELECT * EXCLUDE (place) FROM (SELECT timestamp, message, severityLevel, source, stream,
        application_Version,
        coalesce(json_extract_string(customDimensions, '$.request_id'), operation_Id),
        row_number() OVER () AS place
    FROM traces WHERE workspace = ? AND service = ? AND timestamp >= ?
"""

_IN_ORDER = "ORDER BY timestamp, place"

Row = tuple[Any, ...]
Ask = Callable[[float, str], Awaitable[list[Row]]]
"""Lines from a time on, and the end of the statement."""


class ServiceLogs:
    """``GET …/services/WORKSPACE/SERVICE/logs``: a line of JSON each."""

    def __init__(self, store: Asker) -> None:
        self._store = store

    def routes(self) -> Sequence[Route]:
        """The one."""
        return (Route("GET", f"{BASE}/services/{{workspace}}/{{service}}/logs", self.logs),)

    async def logs(self, request: HttpRequest) -> HttpAnswer:
        """?num_lines&since&level&request_id&version&follow."""
        workspace, service = scope(request)
        query = request.query
        now = time.time()
        since = moment(query["since"], "since", now) if "since" in query else None
        where, values = _where(query.get("level"), query.get("request_id"), query.get("version"))
        follow = query.get("follow", "").lower() not in {"", "0", "false"}
        lines = _count(query.get("num_lines", _LINES))

        async def ask(after: float, tail: str) -> list[Row]:
            asked = [workspace, service, naive(after), *values]
            return await self._store.query(f"{_SELECT} {where}) {tail}", asked, since=after)

        told = Counter(await ask(now - _LATE, _IN_ORDER)) if follow else Counter[Row]()
        found = await _last(ask, lines, since, now)
        headers = {"content-type": "application/x-ndjson", "cache-control": "no-store"}
        if not follow:
            return HttpAnswer(200, headers, b"".join(map(_line, found)))
        told |= Counter(row for row in found if row[0] >= naive(now - _LATE))
        return HttpAnswer(200, headers, _following(ask, found, told, now))


def _where(
    level: str | None, request_id: str | None, version: str | None
) -> tuple[str, list[Any]]:
    conditions, values = [""], list[Any]()
    if level:
        if level.upper() not in LEVELS:
            raise BadInput(f"level={level!r} must be one of {', '.join(LEVELS)}.")
        conditions.append("severityLevel >= ?")
        values.append(LEVELS.index(level.upper()))
    if request_id:
        conditions.append(
            "(operation_Id = ? OR json_extract_string(customDimensions, '$.request_id') = ?)"
        )
        values += [request_id, request_id]
    if version:
        conditions.append("application_Version = ?")
        values.append(version)
    return " AND ".join(conditions), values


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 <= int(text) <= MOST):
        raise BadInput(f"num_lines={text!r} must be a whole number up to {MOST:,}.")
    return int(text)


async def _last(ask: Ask, lines: int, since: float | None, now: float) -> list[Row]:
    """The last lines, oldest first; of what is long ago only as much as is needed."""
    found: list[Row] = []
    if not lines:
        return found
    for after in (since,) if since is not None else (now - 3600, now - 86_400, 0.0):
        found = await ask(after, f"ORDER BY timestamp DESC, place DESC LIMIT {lines}")
        if len(found) >= lines:
            break
    return found[::-1]


async def _following(
    ask: Ask, first: list[Row], told: Counter[Row], latest: float
) -> AsyncIterator[bytes]:
    """
    The first lines, then each once that comes.

    A line may arrive after one that was printed later: so the last seconds are looked through
    again and again, and what was ``told`` of them is counted.
    """
    yield b"".join(map(_line, first))
    quiet = time.monotonic()
    while True:
        await asyncio.sleep(_LOOK)
        seen = Counter(await ask(latest - _LATE, _IN_ORDER))
        fresh = sorted((seen - told).elements(), key=itemgetter(0))
        told = seen
        if fresh:
            latest = max(latest, aware(fresh[-1][0]).timestamp())
            quiet = time.monotonic()
            yield b"".join(map(_line, fresh))
        elif time.monotonic() - quiet > _QUIET:
            quiet = time.monotonic()
            yield b"\n"


def _line(row: Row) -> bytes:
    timestamp, message, level, source, stream, version, request = row
    line = LogLine(
        time=aware(timestamp),
        message=message or "",
        level="" if level is None else LEVELS[level],
        source=source or "",
        stream=stream or "",
        version=version or "",
        request_id=request or "",
    )
    return msgspec.json.encode(line) + b"\n"
