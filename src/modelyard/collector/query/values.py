"""From DuckDB's values to JSON. Pure."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

_SAFE = 2**63
_AS_THEY_ARE = (
    "VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE", "FLOAT",
    "UTINYINT", "USMALLINT", "UINTEGER",
)  # fmt: skip


def encoder(types: Sequence[str]) -> Callable[[Iterable[Sequence[Any]]], bytes]:
    """
    What makes JSON of rows with columns of these types: arrays, with commas between them.

    Times are UTC and say so, durations ISO 8601, numbers that JSON has not become null.
    """
    encode = msgspec.json.Encoder(enc_hook=str).encode
    special = [i for i, kind in enumerate(types) if kind not in _AS_THEY_ARE]

    def rows(found: Iterable[Sequence[Any]]) -> bytes:
        if not special:
            return encode(list(found))[1:-1]
        plain = []
        for row in found:
            values = list(row)
            for place in special:
                values[place] = _plain(values[place])
            plain.append(values)
        return encode(plain)[1:-1]

    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool) and not -_SAFE <= value < 2 * _SAFE:
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | int | float | bool | bytes | date | time | timedelta | None):
        return value
    return str(value)
