"""Metrics to rows of customMetrics. Pure."""

from typing import Any

import msgspec

from modelyard.collector.intake import cut, dimensions, number
from modelyard.collector.making import row
from modelyard.collector.otlp.attributes import Place, attributes
from modelyard.collector.otlp.rejected import Taken

_NOTHING_RECORDED = 1
_CUMULATIVE = 2
_LARGEST = 2**31 - 1


class NotFinite(Exception):
    """A point whose number is NaN or without bounds."""


def take(message: Any, arrival: Any) -> Taken:
    """All points of all metrics."""
    taken = Taken()
    for resource in message.resource_metrics:
        place = Place(resource.resource, arrival)
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                _take(metric, place, taken)
    return taken


def _take(metric: Any, place: Place, taken: Taken) -> None:
    kind = metric.WhichOneof("data")
    if kind is None:
        taken.refuse(f"The metric {metric.name!r:.100} has no data of a known kind.")
        return
    data = getattr(metric, kind)
    shape = {"unit": metric.unit} if metric.unit else {}
    if getattr(data, "aggregation_temporality", 0) == _CUMULATIVE:
        shape["temporality"] = "cumulative"
    for at, point in enumerate(data.data_points):
        if point.flags & _NOTHING_RECORDED:
            continue
        if not metric.name:
            taken.refuse("A metric has no name.")
            continue
        try:
            values, more = _POINTS[kind](point)
        except NotFinite:
            taken.refuse(f"Point {at} of the metric {metric.name!r:.100} is no finite number.")
            continue
        if values:
            time, odd = place.time(point.time_unix_nano)
            texts = dimensions(attributes(point.attributes), place.more, shape, more, odd)
            base = {"timestamp": time, "name": cut(metric.name, 1024), "customDimensions": texts}
            taken.add("customMetrics", row("customMetrics", place.columns, base, values))


_Values = tuple[dict[str, Any], dict[str, str]]


def _plain(point: Any) -> _Values:
    kind = point.WhichOneof("value")
    value = number(getattr(point, kind)) if kind else None
    if value is None:
        raise NotFinite
    return {"value": value, "valueSum": value, "valueCount": 1} | _ends(value, value), {}


def _histogram(point: Any) -> _Values:
    counts = list(point.bucket_counts)
    more = {"bounds": _json(point.explicit_bounds), "counts": _json(counts)} if counts else {}
    return _counted(point), more


def _exponential(point: Any) -> _Values:
    more = {"scale": str(point.scale), "zero_count": str(point.zero_count)}
    for side in ("positive", "negative"):
        buckets = getattr(point, side)
        if buckets.bucket_counts:
            more[f"{side}_offset"] = str(buckets.offset)
            more[f"{side}_counts"] = _json(buckets.bucket_counts)
    return _counted(point), more


def _counted(point: Any) -> dict[str, Any]:
    if not point.count:
        return {}
    values: dict[str, Any] = {"valueCount": min(point.count, _LARGEST)}
    if point.HasField("sum"):
        total = number(point.sum)
        if total is None:
            raise NotFinite
        values |= {"valueSum": total, "value": total / point.count}
    least = number(point.min) if point.HasField("min") else None
    most = number(point.max) if point.HasField("max") else None
    return values | _ends(least, most)


def _summary(point: Any) -> _Values:
    if not point.count:
        return {}, {}
    total = number(point.sum)
    if total is None:
        raise NotFinite
    quantiles = {pair.quantile: pair.value for pair in point.quantile_values}
    ends = _ends(number(quantiles.get(0.0)), number(quantiles.get(1.0)))
    count = min(point.count, _LARGEST)
    values = {"value": total / point.count, "valueSum": total, "valueCount": count}
    texts = {str(quantile): found for quantile, found in quantiles.items()}
    return values | ends, {"quantiles": _json(texts)} if texts else {}


def _ends(least: float | None, most: float | None) -> dict[str, Any]:
    return {"valueMin": least, "valueMax": most}


def _json(values: Any) -> str:
    plain = values if isinstance(values, dict) else list(values)
    return msgspec.json.encode(plain).decode()


_POINTS = {
    "gauge": _plain,
    "sum": _plain,
    "histogram": _histogram,
    "exponential_histogram": _exponential,
    "summary": _summary,
}
