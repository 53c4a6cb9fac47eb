"""Families as text: OpenMetrics 1.0, or the older format of Prometheus. Pure."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

from modelyard.collector.prometheus.families import Family
from modelyard.collector.prometheus.series import Counter, Histogram, Labels, Summary

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
CLASSIC = "text/plain; version=0.0.4; charset=utf-8"

Points = Iterable[tuple[Labels, Any]]
"""Series, or plain numbers, by their labels."""


def render(families: Iterable[tuple[Family, Points]], *, openmetrics: bool) -> str:
    """The whole page; families without points are left out."""
    lines: list[str] = []
    for family, points in families:
        found = [
            line for labels, point in points for line in _lines(family, labels, point, openmetrics)
        ]
        if found:
            lines += _head(family, openmetrics)
            lines += found
    if openmetrics:
        lines.append("# EOF")
    return "\n".join(lines) + "\n"


def _head(family: Family, openmetrics: bool) -> Iterator[str]:
    name = family.name if openmetrics else family.key
    yield f"# TYPE {name} {family.kind}"
    if openmetrics and family.unit:
        yield f"# UNIT {name} {family.unit}"
    yield f"# HELP {name} {_escaped(family.about, quotes=openmetrics)}"


def _lines(family: Family, labels: Labels, point: Any, openmetrics: bool) -> Iterator[str]:
    name, inner = family.name, _inner(labels)
    if isinstance(point, Histogram):
        yield from _buckets(name, inner, point)
        yield f"{name}_count{_braces(inner)} {point.count}"
        yield f"{name}_sum{_braces(inner)} {_number(point.sum)}"
    elif isinstance(point, Summary):
        yield f"{name}_count{_braces(inner)} {point.count}"
        yield f"{name}_sum{_braces(inner)} {_number(point.sum)}"
    else:
        value = point.value if isinstance(point, Counter) else point
        yield f"{family.key}{_braces(inner)} {_number(value)}"
    if openmetrics and hasattr(point, "created"):
        yield f"{name}_created{_braces(inner)} {point.created:.3f}"


def _buckets(name: str, inner: str, point: Histogram) -> Iterator[str]:
    total, comma = 0, "," if inner else ""
    for bound, count in zip((*point.bounds, math.inf), point.counts, strict=True):
        total += count
        edge = "+Inf" if math.isinf(bound) else repr(bound)
        yield f'{name}_bucket{{{inner}{comma}le="{edge}"}} {total}'


def _inner(labels: Labels) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)


def _braces(inner: str) -> str:
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str, *, quotes: bool = True) -> str:
    plain = text.replace("\\", "\\\\").replace("\n", "\\n")
    return plain.replace('"', '\\"') if quotes else plain


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return (
        str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    )
