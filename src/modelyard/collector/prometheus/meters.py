"""Counts rows when they are written."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from modelyard.collector.prometheus.families import (
    BATCH,
    CUSTOM,
    DURATION,
    FAILURES,
    LINES,
    QUEUE,
    RECEIVED,
    RUN,
    SENT,
    Family,
)
from modelyard.collector.prometheus.series import Bounded, Counter, Histogram, Labels, Summary
from modelyard.collector.sink import Row
from modelyard.telemetry.tables import TABLES

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""OpenTelemetry's bounds of durations of HTTP servers."""

SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
LIMIT = 2000
"""Label sets of one family."""

_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
_SEVERITIES = ("verbose", "information", "warning", "error", "critical")
_OURS = {"front", "gateway"}


def _at(table: str, *names: str) -> Callable[[Row], Any]:
    columns = TABLES[table].names
    return itemgetter(*(columns.index(name) for name in names))


_VERSION = ("workspace", "service", "application_Version")
_REQUEST = _at("requests", *_VERSION, "source", "resultCode", "errorCode", "name")
_LINE = _at("traces", *_VERSION, "severityLevel", "cloud_RoleName")
_FAILURE = _at("exceptions", *_VERSION, "type", "cloud_RoleName")
_CUSTOM = _at("customMetrics", *_VERSION, "name", "cloud_RoleName")
_SUMMED = _at("customMetrics", "valueSum", "valueCount")
_DURATION, _RUN, _QUEUED = (_at("requests", name) for name in ("duration", "runMs", "queueMs"))
_BATCHED = _at("requests", "batchSize")
_RECEIVED, _SENT = _at("requests", "requestBytes"), _at("requests", "responseBytes")


class Meters:
    """
    Exact counts of all rows since the start: heard by the thread that writes them, told by others.

    ``lock`` is held while counts change.
    """

    def __init__(self, *, limit: int = LIMIT, clock: Callable[[], float] = time.time) -> None:
        self.lock = threading.Lock()

        def seconds() -> Histogram:
            return Histogram(SECONDS, 0.001, clock())

        self.durations = Bounded(seconds, limit)
        self.runs = Bounded(seconds, limit)
        self.queues = Bounded(seconds, limit)
        self.batches = Bounded(lambda: Histogram(SIZES, 1.0, clock()), limit)
        self.received = Bounded(lambda: Summary(clock()), limit)
        self.sent = Bounded(lambda: Summary(clock()), limit)
        self.custom = Bounded(lambda: Summary(clock()), limit)
        self.lines = Bounded(lambda: Counter(clock()), limit)
        self.failures = Bounded(lambda: Counter(clock()), limit)
        self._count: Mapping[str, Callable[[Sequence[Row]], None]] = {
            "requests": self._requests,
            "traces": self._lines,
            "exceptions": self._failures,
            "customMetrics": self._custom,
        }

    @property
    def families(self) -> list[tuple[Family, Bounded[Any]]]:
        """All that is counted."""
        return [
            (DURATION, self.durations),
            (RUN, self.runs),
            (QUEUE, self.queues),
            (BATCH, self.batches),
            (RECEIVED, self.received),
            (SENT, self.sent),
            (LINES, self.lines),
            (FAILURES, self.failures),
            (CUSTOM, self.custom),
        ]

    def hear(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Count rows by table."""
        with self.lock:
            for table, count in self._count.items():
                if found := rows.get(table):
                    count(found)

    def _requests(self, rows: Sequence[Row]) -> None:
        versions: dict[Any, list[Row]] = {}
        for key, group in _grouped(rows, _REQUEST).items():
            if key[3] not in _OURS:
                continue  # what a script calls a request is not one of this server's
            self.durations.of(key, _request_labels, len(group)).add(map(_DURATION, group))
            if key[3] == "front":
                known = versions.get(key[:3])
                versions[key[:3]] = group if known is None else known + group
        for key, group in versions.items():
            self._run(key, group)

    def _run(self, key: Any, group: Sequence[Row]) -> None:
        size = len(group)
        self.runs.of(key, _version_labels, size).add(map(_RUN, group))
        self.queues.of(key, _version_labels, size).add(map(_QUEUED, group))
        self.batches.of(key, _version_labels, size).add(map(_BATCHED, group))
        for get, sizes in ((_RECEIVED, self.received), (_SENT, self.sent)):
            known = [size for size in map(get, group) if size is not None]
            sizes.of(key, _version_labels, size).add(len(known), sum(known))

    def _lines(self, rows: Sequence[Row]) -> None:
        for key, group in _grouped(rows, _LINE).items():
            self.lines.of(key, _line_labels, len(group)).add(len(group))

    def _failures(self, rows: Sequence[Row]) -> None:
        for key, group in _grouped(rows, _FAILURE).items():
            self.failures.of(key, _failure_labels, len(group)).add(len(group))

    def _custom(self, rows: Sequence[Row]) -> None:
        for key, group in _grouped(rows, _CUSTOM).items():
            summary = self.custom.of(key, _custom_labels, len(group))
            for total, count in map(_SUMMED, group):
                if total is not None and count:
                    summary.add(count, total)


def _grouped(rows: Sequence[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def version_labels(workspace: str | None, service: str | None, version: str | None) -> Labels:
    """The labels of a service version; nothing for what is none's."""
    named = (
        ("service_namespace", workspace),
        ("service_name", service),
        ("service_version", version),
    )
    return tuple((name, value) for name, value in named if value)


def _version_labels(key: Any) -> Labels:
    return version_labels(*key)


def _request_labels(key: Any) -> Labels:
    workspace, service, version, _, status, code, name = key
    method = (name or "").partition(" ")[0]
    labels = [
        *version_labels(workspace, service, version),
        ("http_request_method", method if method in _METHODS else "_OTHER"),
        ("http_response_status_code", status or ""),
    ]
    return tuple(labels + ([("error_type", code)] if code else []))


def _line_labels(key: Any) -> Labels:
    workspace, service, version, level, role = key
    severity = _SEVERITIES[level] if level is not None and 0 <= level <= 4 else "unknown"
    return (*_who(workspace, service, version, role), ("severity", severity))


def _failure_labels(key: Any) -> Labels:
    return _detail_labels(key, "error_type")


def _custom_labels(key: Any) -> Labels:
    return _detail_labels(key, "name")


def _detail_labels(key: Any, label: str) -> Labels:
    workspace, service, version, detail, role = key
    return (*_who(workspace, service, version, role), (label, (detail or "")[:200]))


def _who(
    workspace: str | None, service: str | None, version: str | None, role: str | None
) -> Labels:
    if service or not role:
        return version_labels(workspace, service, version)
    return (*version_labels(workspace, None, version), ("service_name", role))
