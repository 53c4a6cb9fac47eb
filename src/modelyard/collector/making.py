"""Rows from values by name."""

from collections.abc import Mapping
from typing import Any

import msgspec

from modelyard.collector.sink import Row
from modelyard.telemetry.tables import TABLES

_NAMES = {name: table.names for name, table in TABLES.items()}


def row(table: str, *parts: Mapping[str, Any]) -> Row:
    """The row of ``table`` with these values, later parts over earlier ones; the rest is None."""
    values: dict[str, Any] = {"itemCount": 1}
    for part in parts:
        values.update(part)
    return tuple(map(values.get, _NAMES[table]))


def texts(values: Mapping[str, Any]) -> str | None:
    """A column of JSON; None for nothing."""
    return msgspec.json.encode(values).decode() if values else None
