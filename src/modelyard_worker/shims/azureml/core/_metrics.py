"""Metrics of a job: numpy by duck typing, Azure's shapes of ``get_metrics``."""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable, List

from azureml.exceptions import UserErrorException

_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def plain(value: Any) -> Any:
    """The value as JSON takes it; NaN travels as the word."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    for name in ("tolist", "item"):
        method = getattr(value, name, None)
        if callable(method) and not isinstance(value, type):
            return plain(method())
    return str(value) if hasattr(value, "isoformat") else repr(value)


def scalar(name: str, value: Any) -> Any:
    """One plain value. Raises UserErrorException for lists and generators."""
    several = isinstance(value, (list, tuple, set, dict, range)) or hasattr(value, "__next__")
    converted = None if several else plain(value)
    if isinstance(converted, list) and len(converted) == 1:
        converted = converted[0]
    if several or isinstance(converted, (list, dict)):
        raise UserErrorException(
            "log() takes one value for '%s', not a %s. Use log_list(), log_row() or log_table()."
            % (name, type(value).__name__)
        )
    return converted


def shape(metrics: Iterable[Dict[str, Any]]) -> Dict[str, Any]:
    """Values by name: once is a scalar, several times a list, rows are columns."""
    groups: Dict[str, List[Dict[str, Any]]] = {}
    for metric in metrics:
        groups.setdefault(metric["name"], []).append(metric)
    return {name: _shape(group) for name, group in groups.items()}


def _shape(group: List[Dict[str, Any]]) -> Any:
    kinds = {metric["kind"] for metric in group}
    values = [_number(metric["value"]) for metric in group]
    if kinds <= {"row", "table"}:
        columns: Dict[str, List[Any]] = {}
        for row in values:
            for key, value in row.items():
                columns.setdefault(key, []).extend(value if isinstance(value, list) else [value])
        return {key: _alone(column) for key, column in columns.items()}
    if kinds <= {"scalar", "list"}:
        flat: List[Any] = []
        for value in values:
            flat.extend(value if isinstance(value, list) else [value])
        return _alone(flat)
    return _alone(values)


def _alone(values: List[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _number(value: Any) -> Any:
    if isinstance(value, str):
        return _WORDS.get(value, value)
    if isinstance(value, list):
        return [_number(each) for each in value]
    if isinstance(value, dict):
        return {key: _number(each) for key, each in value.items()}
    return value
