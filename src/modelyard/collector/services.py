"""What a service did over time, version by version."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from modelyard.collector.answers import BASE, json
from modelyard.collector.asker import Asker
from modelyard.collector.moments import aware, moment, naive, span
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import BadInput, Forbidden
from modelyard.wire.base import Page
from modelyard.wire.telemetry import ServicePoint

MOST_POINTS = 10_000
_SINCE, _BY = "1h", "1m"

_POINTS = """
    SELECT time_bucket(to_microseconds(?), timestamp) AS begun,
        coalesce(application_Version, '') AS version, count(*), count_if(NOT success),
        quantile_cont(duration, [0.5, 0.95, 0.99]), quantile_cont(queueMs, 0.95),
        sum(runMs / greatest(batchSize, 1)), avg(batchSize) FILTER (WHERE runMs IS NOT NULL)
    FROM requests
    WHERE timestamp >= ? AND timestamp < ? AND workspace = ? AND service = ?
        AND (? IS NULL OR application_Version = ?)
    GROUP BY ALL ORDER BY begun, version
"""
_WORKERS = """
    SELECT coalesce(application_Version, ''), count(DISTINCT worker)
    FROM requests
    WHERE timestamp >= ? AND timestamp < ? AND workspace = ? AND service = ?
        AND runMs IS NOT NULL
    GROUP BY ALL
"""


class ServiceMetrics:
    """``GET …/services/WORKSPACE/SERVICE/metrics?since&until&by&version``."""

    def __init__(self, store: Asker) -> None:
        self._store = store

    def routes(self) -> Sequence[Route]:
        """The one."""
        return (Route("GET", f"{BASE}/services/{{workspace}}/{{service}}/metrics", self.metrics),)

    async def metrics(self, request: HttpRequest) -> HttpAnswer:
        """One point a version and span, oldest first."""
        workspace, service = scope(request)
        now = time.time()
        since = moment(request.query.get("since", _SINCE), "since", now)
        until = moment(request.query["until"], "until", now) if "until" in request.query else now
        by = span(request.query.get("by", _BY), "by")
        if until <= since:
            raise BadInput("'until' must be after 'since'.")
        if by < 1 or (until - since) / by > MOST_POINTS:
            raise BadInput(
                f"by={request.query.get('by', _BY)!r} makes more than {MOST_POINTS:,} points, or "
                "is less than a second. Use a longer span, or ask for less time."
            )
        version = request.query.get("version")
        where = [naive(since), naive(until), workspace, service]
        asked = [round(by * 1e6), *where, version, version]
        rows = await self._store.query(_POINTS, asked, since=since)
        workers = dict(await self._store.query(_WORKERS, where, since=since))
        found = [_point(row, by, since, until, workers) for row in rows]
        return json(Page(items=found))


def scope(request: HttpRequest) -> tuple[str, str]:
    """Workspace and service of the path. Raises Forbidden for another workspace's caller."""
    workspace, service = request.parameters["workspace"], request.parameters["service"]
    if request.workspace not in {None, workspace}:
        raise Forbidden(f"This token opens the workspace {request.workspace!r} only.")
    return workspace, service


def _point(
    row: tuple[Any, ...], by: float, since: float, until: float, workers: dict[str, int]
) -> ServicePoint:
    begun, version, requests, errors, quantiles, queue, busy_ms, batch = row
    seconds = _covered(begun, by, since, until)
    p50, p95, p99 = quantiles or (None, None, None)
    busy = (busy_ms or 0.0) / 1000 / seconds
    known = workers.get(version)
    return ServicePoint(
        time=aware(begun),
        version=version,
        requests=requests,
        rate=requests / seconds,
        errors=errors,
        error_rate=errors / requests,
        p50=p50,
        p95=p95,
        p99=p99,
        queue_p95=queue,
        busy=busy,
        utilization=min(1.0, busy / known) if known else None,
        batch_size=batch,
    )


def _covered(begun: datetime, by: float, since: float, until: float) -> float:
    """Seconds of the span that were asked for: the first and the last may be cut."""
    first, last = max(begun, naive(since)), min(begun + timedelta(seconds=by), naive(until))
    return max((last - first).total_seconds(), 1.0)
