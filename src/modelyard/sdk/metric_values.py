"""What scripts log as JSON and back: numpy by duck typing, Azure's shapes of ``get_metrics``."""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from types import GeneratorType
from typing import Any

from modelyard.domain.runs import MetricKind
from modelyard.sdk.errors import UserErrorException
from modelyard.wire.runs import Metric

_NOT_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def plain(value: Any) -> Any:
    """
    The value as JSON takes it: numpy scalars and arrays become numbers and lists.

    JSON has no NaN: it travels as the word and ``shape`` gives the number back. Other objects
    become their ``repr``.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return _word(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, date):
        return str(value)
    for convert in ("tolist", "item"):
        method = getattr(value, convert, None)
        if callable(method) and not isinstance(value, type):
            return plain(method())
    return repr(value)


def scalar(name: str, value: Any) -> Any:
    """One plain value. Raises ``UserErrorException`` for lists and generators."""
    several = isinstance(value, list | tuple | set | dict | GeneratorType | range)
    converted = None if several else plain(value)
    if isinstance(converted, list) and len(converted) == 1:
        converted = converted[0]
    if several or isinstance(converted, list | dict):
        raise UserErrorException(
            f"log() takes one value for {name!r}, not a {type(value).__name__}. "
            "Use log_list() for lists, log_row() or log_table() for tables."
        )
    return converted


def document(name: str, value: Any) -> Any:
    """A dict, or what a JSON text or file says: what the charts of Azure take."""
    if isinstance(value, str | Path):
        text = str(value)
        file = Path(text)
        try:
            return json.loads(text if text.lstrip().startswith("{") else file.read_text())
        except (OSError, ValueError) as error:
            raise UserErrorException(
                f"The value of {name!r} must be a dict, JSON text or the path of a JSON file."
            ) from error
    if not isinstance(value, Mapping):
        raise UserErrorException(f"The value of {name!r} must be a dict or JSON.")
    return plain(value)


def shape(metrics: Iterable[Metric]) -> dict[str, Any]:
    """
    Values by name as Azure gives them.

    A scalar logged once is itself, several times a list; a list of one is a scalar; a table of one
    row a dict of scalars, of several a dict of lists.
    """
    by_name: dict[str, list[Metric]] = {}
    for metric in metrics:
        by_name.setdefault(metric.name, []).append(metric)
    return {name: _shape(group) for name, group in by_name.items()}


def _shape(group: list[Metric]) -> Any:
    kinds = {m.kind for m in group}
    values = [_number(m.value) for m in group]
    if kinds <= {MetricKind.ROW, MetricKind.TABLE}:
        return _table(values)
    if kinds <= {MetricKind.SCALAR, MetricKind.LIST}:
        flat: list[Any] = []
        for value in values:
            flat.extend(value if isinstance(value, list) else [value])
        return _alone(flat)
    return _alone(values)


def _table(rows: list[Any]) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {}
    for row in rows:
        for key, value in row.items():
            columns.setdefault(key, []).extend(value if isinstance(value, list) else [value])
    return {key: _alone(column) for key, column in columns.items()}


def _alone(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _word(value: float) -> Any:
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _number(value: Any) -> Any:
    if isinstance(value, str):
        return _NOT_NUMBERS.get(value, value)
    if isinstance(value, list):
        return [_number(v) for v in value]
    if isinstance(value, dict):
        return {k: _number(v) for k, v in value.items()}
    return value
