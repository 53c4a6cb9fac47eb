"""Attributes and resources."""

import base64
from collections.abc import Iterable
from typing import Any

from modelyard.collector.intake import Arrival, settled
from modelyard.telemetry.ingest import Origin

_DEEPEST = 20
_OF_THE_SERVICE = {"service.name", "service.namespace", "service.version", "service.instance.id"}


def attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    """By name; of repeated ones the last."""
    return {pair.key: value(pair.value) for pair in pairs}


def value(any_value: Any, depth: int = 0) -> Any:
    """As Python has it; bytes as base64."""
    kind = any_value.WhichOneof("value")
    if kind is None or depth > _DEEPEST:
        return None
    found = getattr(any_value, kind)
    if kind == "array_value":
        return [value(inner, depth + 1) for inner in found.values]
    if kind == "kvlist_value":
        return {pair.key: value(pair.value, depth + 1) for pair in found.values}
    return base64.b64encode(found).decode() if kind == "bytes_value" else found


class Place:
    """A resource: whose rows they are, and what more it says of itself."""

    def __init__(self, resource: Any, arrival: Arrival) -> None:
        found = attributes(resource.attributes)
        self.arrival = arrival
        self.origin = _origin(found, arrival)
        self.columns = self.origin.columns()
        self.more = {
            name: text
            for name, text in found.items()
            if name not in _OF_THE_SERVICE and not name.startswith("telemetry.")
        }

    def time(self, nanoseconds: int) -> tuple[float, dict[str, str]]:
        """When it happened; 0 is not stated."""
        return settled(nanoseconds / 1e9 if nanoseconds else None, self.arrival.now)


def _origin(found: dict[str, Any], arrival: Arrival) -> Origin:
    namespace, name = found.get("service.namespace"), found.get("service.name")
    role = f"{namespace}/{name}" if namespace and name else str(name or "")
    return arrival.named(
        role,
        str(found.get("service.instance.id") or ""),
        str(found.get("service.version") or ""),
    )
