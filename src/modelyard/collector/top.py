"""What all services do now."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from modelyard.collector.answers import BASE, json
from modelyard.collector.asker import Asker
from modelyard.collector.moments import naive, span
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import BadInput
from modelyard.wire.telemetry import Top, TopService

_WINDOW = "60"
_LONGEST = 3600.0

_REQUESTS = """
    SELECT workspace, service, coalesce(application_Version, ''), count(*),
        count_if(NOT success), quantile_cont(duration, [0.5, 0.95]), quantile_cont(queueMs, 0.95)
    FROM requests
    WHERE timestamp >= ? AND service IS NOT NULL AND (? IS NULL OR workspace = ?)
    GROUP BY ALL
"""
_MEASURES = {
    "process.cpu.utilization": "cpu",
    "process.memory.usage": "memory",
    "process.memory.pss": "memory",
    "ml.gpu.utilization": "gpu",
    "ml.gpu.memory.usage": "gpu_memory",
}
_LATEST = """
    SELECT workspace, service, coalesce(application_Version, ''), counter,
        sum(latest) FROM (
            SELECT workspace, service, application_Version, counter, cloud_RoleInstance, instance,
                arg_max(value, timestamp) AS latest
            FROM performanceCounters
            WHERE timestamp >= ? AND service IS NOT NULL AND (? IS NULL OR workspace = ?)
            GROUP BY ALL
        ) GROUP BY ALL
"""
_MACHINE = """
    SELECT counter, arg_max(value, timestamp) FROM performanceCounters
    WHERE timestamp >= ? AND service IS NULL AND category = 'Machine'
        AND counter IN ('system.cpu.utilization', 'system.memory.utilization',
                        'system.memory.limit')
    GROUP BY counter
"""
_CARDS = """
    SELECT avg(latest) FROM (
        SELECT instance, arg_max(value, timestamp) AS latest FROM performanceCounters
        WHERE timestamp >= ? AND service IS NULL AND counter = 'hw.gpu.utilization'
        GROUP BY instance
    )
"""


class Tops:
    """``GET …/top?window``."""

    def __init__(self, store: Asker, sample_seconds: float) -> None:
        self._store = store
        self._fresh = 3 * sample_seconds + 5

    def routes(self) -> Sequence[Route]:
        """The one."""
        return (Route("GET", f"{BASE}/top", self.top),)

    async def top(self, request: HttpRequest) -> HttpAnswer:
        """Service versions that were asked or that run, the busiest first."""
        window = span(request.query.get("window", _WINDOW), "window")
        if not 1 <= window <= _LONGEST:
            raise BadInput(f"window must be a span of time from 1s to {_LONGEST:g}s.")
        now = time.time()
        only = [request.workspace, request.workspace]
        asked = await self._store.query(
            _REQUESTS, [naive(now - window), *only], since=now - window
        )
        fresh = now - self._fresh
        measured = await self._store.query(_LATEST, [naive(fresh), *only], since=fresh)
        services: dict[tuple[str, str, str], TopService] = {}
        for row in asked:
            _count(_of(services, row), row, window)
        for row in measured:
            _measure(_of(services, row), str(row[3]), float(row[4]))
        busiest = sorted(
            services.values(), key=lambda s: (-s.rate, s.workspace, s.service, s.version)
        )
        at = datetime.fromtimestamp(now, UTC)
        machine = await self._machine(fresh)
        return json(Top(time=at, seconds=window, machine=machine, services=busiest))

    async def _machine(self, fresh: float) -> dict[str, float]:
        found = {
            name.removeprefix("system."): value
            for name, value in await self._store.query(_MACHINE, [naive(fresh)], since=fresh)
        }
        ((cards,),) = await self._store.query(_CARDS, [naive(fresh)], since=fresh)
        if cards is not None:
            found["gpu.utilization"] = cards
        return {name: value for name, value in found.items() if math.isfinite(value)}


def _of(services: dict[tuple[str, str, str], TopService], row: Sequence[Any]) -> TopService:
    key = (str(row[0] or ""), str(row[1]), str(row[2]))
    return services.setdefault(key, TopService(workspace=key[0], service=key[1], version=key[2]))


def _count(service: TopService, row: Sequence[Any], window: float) -> None:
    count, errors, quantiles, queue = row[3:]
    service.rate = count / window
    service.errors = errors / count
    service.p50, service.p95 = quantiles or (None, None)
    service.queue_p95 = queue


def _measure(service: TopService, counter: str, value: float) -> None:
    field = _MEASURES.get(counter)
    # shared memory counted in part is the truer size, but not always known
    if field is None or (counter == "process.memory.usage" and service.memory is not None):
        return
    setattr(service, field, value)
