"""Everything that is known of one request."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from modelyard.collector.answers import BASE, json
from modelyard.collector.asker import Asker
from modelyard.collector.moments import aware, naive
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import NotFound
from modelyard.telemetry.tables import TABLES
from modelyard.wire.telemetry import Trace, TraceItem

_BACK = (3600.0, 86_400.0, float("inf"))
"""Seconds back from now, tried one after the other."""

_BEFORE, _AFTER = 60.0, 600.0
"""Seconds around a request in which what belongs to it is looked for."""

_OUTCOMES = "outcomes"
"""What is told of a request may come long after it."""

_OTHERS = tuple(
    name for name in TABLES if name not in {"requests", "performanceCounters", _OUTCOMES}
)
_MOST = 10_000


Find = Callable[[str, str, str, float, float], list[TraceItem]]
"""Finds what was collected: workspace, service, request, from when, until when."""


class Traces:
    """``GET …/requests/ID``; ``collected`` finds inputs and outputs where any are kept."""

    def __init__(self, store: Asker, collected: Find | None = None) -> None:
        self._store = store
        self._collected = collected

    def routes(self) -> Sequence[Route]:
        """The one."""
        return (Route("GET", f"{BASE}/requests/{{id}}", self.trace),)

    async def trace(self, request: HttpRequest) -> HttpAnswer:
        """Raises NotFound while nothing is known of it."""
        id = request.parameters["id"]
        found = await self._request(id, request.workspace)
        if found is None:
            raise NotFound(
                f"Nothing is known of a request {id!r}. Requests are seen half a second after "
                "they were answered, and for as long as telemetry is kept "
                "(MODELYARD_TELEMETRY_DAYS)."
            )
        row = _named("requests", found)
        begun: datetime = row["timestamp"]
        around = aware(begun).timestamp()
        length = (row.get("duration") or 0.0) / 1000
        items: list[TraceItem] = []
        for table in _OTHERS:
            items += await self._items(table, row, around - _BEFORE, around + length + _AFTER)
        items += await self._outcomes(row, around - _BEFORE)
        if self._collected is not None and row.get("service"):
            named = (row["workspace"], row["service"], row["id"])
            until = around + length + _AFTER
            items += await asyncio.to_thread(self._collected, *named, around - _BEFORE, until)
        items.sort(key=lambda item: item.time)
        return json(
            Trace(
                id=row["id"],
                workspace=row.get("workspace", ""),
                service=row.get("service", ""),
                version=row.get("application_Version", ""),
                revision=row.get("revision"),
                request={**row, "timestamp": aware(begun)},
                items=items,
            )
        )

    async def _request(self, id: str, workspace: str | None) -> tuple[Any, ...] | None:
        now = time.time()
        for back in _BACK:
            after = max(0.0, now - back)
            rows = await self._store.query(
                "SELECT * FROM requests WHERE (id = ? OR operation_Id = ?) AND timestamp >= ? "
                "AND (? IS NULL OR workspace = ?) "
                # of a trace with several requests the first, and the front's before the gateway's
                "ORDER BY id <> ?, source, timestamp LIMIT 1",
                [id, id, naive(after), workspace, workspace, id],
                since=after,
            )
            if rows:
                return rows[0]
        return None

    async def _items(
        self, table: str, row: dict[str, Any], after: float, before: float
    ) -> list[TraceItem]:
        ids = [row["id"], row.get("operation_Id", row["id"])]
        others = await self._store.query(
            f"SELECT * FROM {table} WHERE timestamp BETWEEN ? AND ? "  # noqa: S608 - our own name
            "AND operation_Id IN (?, ?) "
            # others of the same trace have the same operation
            "AND coalesce(json_extract_string(customDimensions, '$.request_id'), ?) = ? "
            "AND (? IS NULL OR workspace = ?) "
            f"ORDER BY timestamp LIMIT {_MOST}",
            [naive(after), naive(before), *ids, row["id"], row["id"],
             row.get("workspace"), row.get("workspace")],
            since=after,
        )  # fmt: skip
        return [_item(table, other) for other in others]

    async def _outcomes(self, row: dict[str, Any], after: float) -> list[TraceItem]:
        found = await self._store.query(
            "SELECT * FROM outcomes WHERE timestamp >= ? AND id = ? "
            "AND workspace IS NOT DISTINCT FROM ? AND service IS NOT DISTINCT FROM ? "
            "ORDER BY timestamp LIMIT ?",
            [naive(after), row["id"], row.get("workspace"), row.get("service"), _MOST],
            since=after,
        )
        return [_item(_OUTCOMES, outcome) for outcome in found]


def _item(table: str, row: Sequence[Any]) -> TraceItem:
    values = _named(table, row)
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = aware(value)
    return TraceItem(time=values.pop("timestamp"), table=table, values=values)


def _named(table: str, row: Sequence[Any]) -> dict[str, Any]:
    """The values by their columns, without those that are NULL."""
    named = zip(TABLES[table].names, row, strict=True)
    return {name: value for name, value in named if value is not None}
