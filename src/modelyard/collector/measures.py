"""Measures: numbers with their name, unit and what they are of; by OpenTelemetry's conventions."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelyard.collector.making import row, texts
from modelyard.collector.sink import Row
from modelyard.telemetry.ingest import Origin

NOBODY = Origin()
MACHINE = Origin(role="machine")


@dataclass(frozen=True, slots=True)
class Measure:
    """
    ``counter`` is OpenTelemetry's name, ``unit`` its unit: 1 (a share), By, s, {thread}.

    ``sums`` says that it only grows: seconds, bytes and errors since a start.
    """

    category: str
    counter: str
    value: float
    unit: str
    instance: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    origin: Origin = NOBODY
    sums: bool = False


def rows(measures: list[Measure], time: float) -> list[Row]:
    """Their rows of performanceCounters."""
    return [
        row(
            "performanceCounters",
            m.origin.columns(),
            {
                "timestamp": time,
                "category": m.category,
                "counter": m.counter,
                "instance": m.instance or None,
                "value": float(m.value),
                "unit": m.unit,
                "customDimensions": texts(m.attributes),
            },
        )
        for m in measures
    ]
