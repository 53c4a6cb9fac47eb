"""What shadows answered, beside what callers got."""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.collector.answers import BASE, json
from modelyard.collector.asker import Asker
from modelyard.collector.moments import aware, moment, naive
from modelyard.collector.services import scope
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import BadInput
from modelyard.domain.shadows import COMPARED, MISSED
from modelyard.wire.endpoints import ShadowDifference, ShadowReport

EXAMPLES = 10
OF_ONE_PLACE = 3
"""Examples that are given at most, and of one place in the answers (whatever its index)."""

_SINCE, _TOLERANCE = "1d", "1e-6"
_LEVELS = ("p50", "p90", "p95", "p99", "max")
_SHARES = "[0.5, 0.9, 0.95, 0.99, 1]"
_DIMENSIONS = (
    '{"served_status": "INTEGER", "shadow_status": "INTEGER", "path": "VARCHAR",'
    ' "served_value": "VARCHAR", "shadow_value": "VARCHAR", "reason": "VARCHAR"}'
)
_MEASURES = (
    '{"difference": "DOUBLE", "served_ms": "DOUBLE", "shadow_ms": "DOUBLE",'
    ' "served_run_ms": "DOUBLE", "shadow_run_ms": "DOUBLE", "served_error": "DOUBLE",'
    ' "shadow_error": "DOUBLE", "count": "DOUBLE"}'
)
_REPORT = f"""
    WITH told AS (
        SELECT timestamp, name = '{COMPARED}' AS compared, operation_Id AS id,
            json_transform(customDimensions, '{_DIMENSIONS}') AS d,
            json_transform(customMeasurements, '{_MEASURES}') AS m
        FROM customEvents
        WHERE timestamp >= ? AND timestamp < ? AND workspace = ? AND service = ?
            AND name IN ('{COMPARED}', '{MISSED}')
            AND json_extract_string(customDimensions, '$.shadow') = ?
    ),
    pairs AS (
        SELECT timestamp, id, unnest(d), unnest(m),
            coalesce(m.difference <= ?, false) AS equal
        FROM told WHERE compared
    ),
    worst AS (
        SELECT {{'id': id, 'time': timestamp, 'difference': difference, 'path': path,
            'served': served_value, 'shadow': shadow_value, 'served_status': served_status,
            'shadow_status': shadow_status, 'served_ms': served_ms, 'shadow_ms': shadow_ms
            }} AS example
        FROM pairs WHERE NOT equal
        QUALIFY row_number() OVER (
            PARTITION BY served_status, shadow_status,
                regexp_replace(path, '\\[\\d+\\]', '[]', 'g')
            ORDER BY difference DESC NULLS FIRST, timestamp DESC
        ) <= {OF_ONE_PLACE}
        ORDER BY difference DESC NULLS FIRST, timestamp DESC LIMIT {EXAMPLES}
    ),
    missed AS (
        SELECT d.reason AS reason, sum(m.count)::BIGINT AS number
        FROM told WHERE NOT compared AND d.reason IS NOT NULL GROUP BY ALL
    )
    SELECT count(*), count(*) FILTER (equal), quantile_cont(difference, {_SHARES}),
        quantile_cont(served_ms, {_SHARES}), quantile_cont(shadow_ms, {_SHARES}),
        quantile_cont(served_run_ms, {_SHARES}), quantile_cont(shadow_run_ms, {_SHARES}),
        coalesce(sum(served_error), 0), coalesce(sum(shadow_error), 0),
        (SELECT list({{'reason': reason, 'number': number}} ORDER BY reason) FROM missed),
        (SELECT list(example) FROM worst)
    FROM pairs
"""  # noqa: S608 - our own names


class Shadows:
    """``GET …/services/WORKSPACE/SERVICE/shadow?version&since&tolerance``."""

    def __init__(self, store: Asker) -> None:
        self._store = store

    def routes(self) -> Sequence[Route]:
        """The one."""
        return (Route("GET", f"{BASE}/services/{{workspace}}/{{service}}/shadow", self.report),)

    async def report(self, request: HttpRequest) -> HttpAnswer:
        """How the answers of a shadow differ from those that callers got."""
        workspace, service = scope(request)
        version = request.query.get("version", "")
        if not version:
            raise BadInput("Say which version: ?version=NAME, one that gets copies of requests.")
        tolerance = _tolerance(request.query.get("tolerance", _TOLERANCE))
        now = time.time()
        since = moment(request.query.get("since", _SINCE), "since", now)
        asked = [naive(since), naive(now), workspace, service, version, tolerance]
        (row,) = await self._store.query(_REPORT, asked, since=since)
        return json(_report(row, version, tolerance, since, now))


def _tolerance(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found >= 0):
        raise BadInput(
            f"tolerance={text!r} must be a relative difference of numbers that counts as none, "
            "like 0.001."
        )
    return found


def _report(
    row: tuple[Any, ...], version: str, tolerance: float, since: float, until: float
) -> ShadowReport:
    compared, equal, *quantiles, served_errors, shadow_errors, missed, worst = row
    differences, served, shadow, served_run, shadow_run = map(_named, quantiles)
    reasons = {one["reason"]: one["number"] for one in missed or ()}
    return ShadowReport(
        version=version,
        since=aware(naive(since)),
        until=aware(naive(until)),
        compared=compared,
        equal=equal,
        equal_share=equal / compared if compared else None,
        tolerance=tolerance,
        differences=differences,
        served_latency=served,
        shadow_latency=shadow,
        served_run=served_run,
        shadow_run=shadow_run,
        served_errors=round(served_errors),
        shadow_errors=round(shadow_errors),
        missed=sum(reasons.values()),
        missed_by=reasons,
        worst=[_example(one) for one in worst or ()],
    )


def _named(quantiles: Sequence[float] | None) -> dict[str, float]:
    return dict(zip(_LEVELS, quantiles, strict=True)) if quantiles else {}


def _example(one: Mapping[str, Any]) -> ShadowDifference:
    return ShadowDifference(
        request_id=one["id"] or "",
        time=aware(one["time"]),
        difference=one["difference"],
        path=one["path"] or "",
        served=one["served"] or "",
        shadow=one["shadow"] or "",
        served_status=one["served_status"] or 0,
        shadow_status=one["shadow_status"] or 0,
        served_ms=one["served_ms"] or 0.0,
        shadow_ms=one["shadow_ms"] or 0.0,
    )
