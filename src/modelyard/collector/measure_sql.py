"""
What two versions are compared by, as one statement over telemetry. Pure.

It gives rows (measure, version, bin, n, a, b): of measure -1 the units; of a rate trials and
events; of a mean count, mean and squares; of bounded values count, total and variation; of
quantiles one row for each bin. One statement, so that all of it is of one moment.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from modelyard.abtest.histogram import LEAST, MOST, Histogram
from modelyard.collector.moments import naive
from modelyard.domain.measuring import Measure, Question

UNITS = -1
_EARLY, _LATE = 60.0, 600.0
"""Seconds around the requests in which their scripts' metrics are looked for."""

_SHARED = (
    "timestamp >= ? AND timestamp < ? AND workspace = ? AND service = ? "
    "AND application_Version IN (?, ?) AND chosen IS NOT TRUE"
)
_CODE = "TRY_CAST(resultCode AS INTEGER)"
_OF_REQUESTS = {
    # a script's own failure is told with a status that says nothing of it; a client's is not ours
    "errors": f"coalesce({_CODE} >= 500 OR ({_CODE} < 400 AND NOT success), false)",
    "unavailable": "coalesce(resultCode = '503', false)",
    # who went away, or was sent away at once, waited for no answer
    "latency": "CASE WHEN resultCode NOT IN ('499', '503') AND duration >= 0 THEN duration END",
}

Part = tuple[str, list[Any]]
"""SQL, and the values of its marks in their order."""


def statement(question: Question) -> Part:
    """
    The whole of it.

    Requests are read once: what is counted of them all is a few hundred ``cells``, requests that
    are alike in all that matters.
    """
    units, asked = _requests(question)
    parts = [
        f"SELECT {UNITS} AS measure, version, NULL::INTEGER AS bin, sum(n)::BIGINT AS n, "
        "0.0::DOUBLE AS a, 0.0::DOUBLE AS b FROM cells GROUP BY version"
    ]
    for number, measure in enumerate(question.measures):
        if measure.source in {"errors", "unavailable"}:
            parts.append(
                f"SELECT {number}, version, NULL, sum(n)::BIGINT, "
                f"coalesce(sum(n) FILTER (WHERE {measure.source}), 0)::DOUBLE, 0.0 "
                "FROM cells GROUP BY version"
            )
        elif (measure.source, measure.kind) == ("latency", "quantile"):
            parts.append(
                f"SELECT {number}, version, bin, sum(n)::BIGINT, 0.0, 0.0 "
                "FROM cells WHERE bin IS NOT NULL GROUP BY version, bin"
            )
        else:
            values, more = _values(question, measure)
            asked += more
            parts.append(_aggregate(number, measure, values))
    bin = f"CASE WHEN latency IS NOT NULL THEN {_bin('latency')} END"
    cells = (
        f"SELECT version, errors, unavailable, {bin} AS bin, count(*) AS n "
        f"FROM ({units}) GROUP BY ALL"
    )
    return f"WITH cells AS MATERIALIZED ({cells}) {' UNION ALL '.join(parts)}", asked


def bins() -> tuple[float, int, int]:
    """Of a histogram: how wide a bin is as a logarithm, the first bin and the last."""
    error = Histogram().error
    (first,) = Histogram().observed([0.0]).bins
    (last,) = Histogram().observed([MOST * 10]).bins
    return math.log((1 + error) / (1 - error)), first, last


def _requests(question: Question) -> Part:
    """One row for each unit: version, unit, moment, and a column for each source."""
    plain = ", ".join(f"{what} AS {name}" for name, what in _OF_REQUESTS.items())
    head = "SELECT application_Version AS version"
    source = f"FROM requests WHERE {_SHARED}{_known(question)}"
    if not question.by_user:
        return f"{head}, id AS unit, timestamp AS moment, {plain} {source}", _window(question)
    first = ", ".join(
        f"arg_min({name}, moment) FILTER (WHERE {name} IS NOT NULL) AS {name}"
        for name in _OF_REQUESTS
    )
    every = f"{head}, user_Id AS unit, timestamp AS moment, {plain} {source}"
    return (
        f"SELECT version, unit, min(moment) AS moment, {first} FROM ({every}) "
        "GROUP BY version, unit",
        _window(question),
    )


def _values(question: Question, measure: Measure) -> Part:
    """Rows (version, unit, moment, value), one for each unit that has a value."""
    if measure.source == "latency":
        units, asked = _requests(question)
        return (
            "SELECT version, unit, moment, latency AS value "
            f"FROM ({units}) WHERE latency IS NOT NULL",
            asked,
        )
    unit = "user_Id" if question.by_user else "id"
    told = _told if measure.source == "feedback" else _joined
    values, asked = told(question, measure, unit)
    if question.by_user:
        values = (
            "SELECT version, unit, min(moment) AS moment, arg_min(value, moment) AS value "
            f"FROM ({values}) GROUP BY version, unit"
        )
    return values, asked


def _told(question: Question, measure: Measure, unit: str) -> Part:
    return (
        f"SELECT application_Version AS version, {unit} AS unit, requestTime AS moment, value "
        "FROM outcomes WHERE timestamp >= ? AND requestTime >= ? AND requestTime < ? "
        "AND workspace = ? AND service = ? AND application_Version IN (?, ?) "
        f"AND chosen IS NOT TRUE AND metric = ?{_known(question)}",
        [naive(question.since.timestamp()), *_window(question), measure.of],
    )


def _joined(question: Question, measure: Measure, unit: str) -> Part:
    """Of each request the first value of a metric that its script recorded."""
    requests = (
        f"SELECT application_Version AS version, {unit} AS unit, id, operation_Id, "
        f"timestamp AS moment FROM requests WHERE {_SHARED}{_known(question)}"
    )
    metrics = (
        "SELECT coalesce(json_extract_string(customDimensions, '$.request_id'), operation_Id) "
        "AS request, arg_min(value, timestamp) AS value FROM customMetrics "
        "WHERE timestamp >= ? AND timestamp < ? AND workspace = ? AND service = ? AND name = ? "
        "AND isfinite(value) GROUP BY request"
    )
    since, until, *place = _window(question)
    del since, until
    early = naive(question.since.timestamp() - _EARLY)
    late = naive(question.until.timestamp() + _LATE)
    asked = [early, late, *place[:2], measure.of]
    return (
        "SELECT version, unit, min(moment) AS moment, any_value(value) AS value FROM ("
        f"SELECT version, unit, id, moment, value FROM ({requests}) r "
        f"JOIN ({metrics}) m ON m.request = r.id"
        # metrics that came as OpenTelemetry know the trace only
        f" UNION ALL SELECT version, unit, id, moment, value FROM ({requests}) r "
        f"JOIN ({metrics}) m ON m.request = r.operation_Id AND r.operation_Id <> r.id"
        ") GROUP BY version, unit, id",
        [*_window(question), *asked, *_window(question), *asked],
    )


def _aggregate(number: int, measure: Measure, values: str) -> str:
    head = f"SELECT {number} AS measure, version"
    if measure.kind == "rate":
        what = "count(*) AS n, count_if(value <> 0)::DOUBLE AS a, 0.0::DOUBLE AS b"
        return f"{head}, NULL AS bin, {what} FROM ({values}) GROUP BY version"
    if measure.kind == "mean":
        what = "count(*) AS n, avg(value) AS a, var_pop(value) * count(*) AS b"
        return f"{head}, NULL AS bin, {what} FROM ({values}) GROUP BY version"
    if measure.kind == "quantile":
        what = f"{_bin('value')} AS bin, count(*) AS n, 0.0::DOUBLE AS a, 0.0::DOUBLE AS b"
        return f"{head}, {what} FROM ({values}) GROUP BY version, bin"
    low, high = _double(measure.low), _double(measure.high)
    inside = (
        f"SELECT version, unit, moment, greatest({low}, least({high}, value)) AS x FROM ({values})"
    )
    predicted = (
        "avg(x) OVER (PARTITION BY version ORDER BY moment, unit "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    )
    middle = _double((measure.low + measure.high) / 2)
    return (
        f"{head}, NULL AS bin, count(*) AS n, sum(x) AS a, sum(away * away) AS b FROM ("
        f"SELECT version, x, x - coalesce({predicted}, {middle}) AS away FROM ({inside})"
        ") GROUP BY version"
    )


def _bin(value: str) -> str:
    """The number of a value's bin, as ``Histogram.observed`` has it."""
    width, first, last = bins()
    bounded = f"least(greatest({value}, {_double(LEAST)}), {_double(MOST * 2)})"
    number = f"ceil(ln({bounded}) / {_double(width)})::INTEGER"
    return f"least(greatest({number}, {first}), {last})"


def _double(value: float) -> str:
    """A number as it is: written plainly it would be a decimal."""
    return f"'{float(value)!r}'::DOUBLE"


def _known(question: Question) -> str:
    return " AND user_Id IS NOT NULL" if question.by_user else ""


def _window(question: Question) -> list[Any]:
    since, until = question.since.timestamp(), question.until.timestamp()
    place = [question.workspace, question.service, question.control, question.candidate]
    return [naive(since), naive(until), *place]


def states(
    question: Question, rows: Sequence[Sequence[Any]]
) -> tuple[tuple[int, int], Iterator[tuple[str, tuple[dict[str, float], dict[str, float]]]]]:
    """Units, and by metric the states of both versions, from what the statement gave."""
    versions = (question.control, question.candidate)
    by: dict[tuple[int, str], list[Sequence[Any]]] = {}
    for row in rows:
        by.setdefault((row[0], row[1]), []).append(row[2:])
    units = [by.get((UNITS, version), [(None, 0)])[0][1] for version in versions]
    found = (
        (
            measure.name,
            (
                _state(measure, by.get((number, versions[0]), [])),
                _state(measure, by.get((number, versions[1]), [])),
            ),
        )
        for number, measure in enumerate(question.measures)
    )
    return (units[0], units[1]), found


def _state(measure: Measure, rows: Sequence[Sequence[Any]]) -> dict[str, float]:
    if measure.kind == "quantile":
        return {"error": Histogram().error, **{str(bin): n for bin, n, *_ in rows}}
    _, n, a, b = rows[0] if rows else (None, 0, 0.0, 0.0)
    if measure.kind == "rate":
        return {"trials": n, "events": int(a)}
    if measure.kind == "mean":
        return {"count": n, "mean": a, "squares": max(0.0, b)}
    bounds = {"low": measure.low, "high": measure.high}
    return {**bounds, "count": n, "total": a, "variation": max(0.0, b)}
