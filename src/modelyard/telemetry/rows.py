"""From records to rows of the tables. Pure."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from modelyard.telemetry.records import About, Event, Failure, Log, Metric, Record, Request
from modelyard.telemetry.tracing import parts

Row = tuple[Any, ...]

_LEVELS = {
    "TRACE": 0,
    "DEBUG": 0,
    "INFO": 1,
    "INFORMATION": 1,
    "NOTICE": 1,
    "WARN": 2,
    "WARNING": 2,
    "ERROR": 3,
    "CRITICAL": 4,
    "FATAL": 4,
}
_json = msgspec.json.Encoder().encode


def severity(level: str) -> int | None:
    """
    The table's number of a level as logging names it; None for what names none.

    A level of the user's own without a name is 'Level 25', which counts as the one below it.
    """
    found = _LEVELS.get(level)
    if found is not None:
        return found
    upper = level.upper()
    if upper.startswith("LEVEL ") and upper[6:].isdecimal():
        return min(4, max(0, int(upper[6:]) // 10 - 1))
    return _LEVELS.get(upper)


def problem_id(type_: str, file: str, function: str) -> str:
    """
    The same for exceptions of one type from one place: 'KeyError at score.py, run'.

    The line is no part of it: it moves with every edit above it.
    """
    place = ", ".join(part for part in (file, function) if part)
    return f"{type_} at {place}" if place else type_


class Rows:
    """Makes rows of what one process wrote."""

    def __init__(self, about: About) -> None:
        service = about.service
        self._role = f"{about.workspace}/{service}" if service else about.role
        self._about = about
        self._who = (
            self._role,
            about.instance,
            about.version or None,
            about.workspace or None,
            service or None,
            about.revision or None,
        )
        self._make: Mapping[type, Callable[[Any], tuple[str, Row]]] = {
            Request: self._request,
            Log: self._log,
            Failure: self._failure,
            Metric: self._metric,
            Event: self._event,
        }

    def of(self, record: Record) -> tuple[str, Row]:
        """The table, and the row in the order of its columns."""
        return self._make[type(record)](record)

    def _request(self, record: Request) -> tuple[str, Row]:
        operation, parent = parts(record.trace) if record.trace else (record.id, None)
        return "requests", (
            record.time,
            record.id,
            f"{record.method} {record.path}",
            str(record.status),
            record.status < 400 and not record.failed,
            record.total,
            record.code or None,
            None,
            None if record.queue < 0 else record.queue,
            None if record.run < 0 else record.run,
            record.batch,
            record.received,
            record.sent,
            None if record.bucket < 0 else record.bucket,
            record.user or None,
            record.chosen,
            record.client or None,
            "shadow" if record.shadow else "front",
            record.worker or None,
            operation or record.id,
            parent,
            *self._who,
            None,
            1,
        )

    def _log(self, record: Log) -> tuple[str, Row]:
        return "traces", (
            record.time,
            record.message,
            severity(record.level) if record.level else None,
            record.source,
            record.stream or None,
            *self._where(record.request, record.trace),
        )

    def _failure(self, record: Failure) -> tuple[str, Row]:
        return "exceptions", (
            record.time,
            record.type,
            record.message,
            record.file or None,
            record.line or None,
            record.function or None,
            record.traceback or None,
            problem_id(record.type, record.file, record.function),
            *self._where(record.request, record.trace),
        )

    def _metric(self, record: Metric) -> tuple[str, Row]:
        value = record.total / record.count if record.count > 0 else None
        least = value if record.least is None else record.least
        most = value if record.most is None else record.most
        numbers = map(_number, (value, record.total, record.count, least, most))
        where = self._where(record.request, "", record.dimensions)
        return "customMetrics", (record.time, record.name, *numbers, *where)

    def _event(self, record: Event) -> tuple[str, Row]:
        where = self._where(record.request, "", record.dimensions)
        measured = {name: _number(value) for name, value in record.measurements.items()}
        return "customEvents", (record.time, record.name, _texts(measured), *where)

    def _where(self, request: str, trace: str, more: Mapping[str, Any] | None = None) -> Row:
        """The columns that all tables have at their end."""
        if not trace and not more:
            return (request or None, None, *self._who, None, 1)
        operation, parent = parts(trace)
        dimensions = dict(more or {})
        if operation and request:
            dimensions["request_id"] = request  # others of the same trace have the same operation
        return (operation or request or None, parent, *self._who, _texts(dimensions), 1)


def _number(value: float | None) -> float | None:
    """What is no number, or without bounds, has no place in sums."""
    return value if value is not None and math.isfinite(value) else None


def _texts(values: Mapping[str, Any]) -> str | None:
    return _json(values).decode() if values else None
