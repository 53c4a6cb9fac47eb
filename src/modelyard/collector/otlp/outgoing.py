"""From our rows and counts to OpenTelemetry's messages. Pure."""

import hashlib
import importlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from modelyard.collector.measures import Measure
from modelyard.collector.otlp.messages import LOGS, METRICS, TRACES
from modelyard.collector.prometheus.families import SAMPLED, Family
from modelyard.collector.prometheus.series import Counter, Histogram, Labels, Summary
from modelyard.collector.sink import Row
from modelyard.telemetry.tables import TABLES

SCOPE = "modelyard"
"""Name of the scope that says whose telemetry it is; not sent on again where it comes back."""

_SERVER, _ERROR = 2, 2
_CUMULATIVE = 2
_SEVERITIES = (5, 9, 13, 17, 21)
_REQUESTS, _TRACES = TABLES["requests"].names, TABLES["traces"].names

_DOTTED = {
    "service_namespace": "service.namespace",
    "service_name": "service.name",
    "service_version": "service.version",
    "http_request_method": "http.request.method",
    "http_response_status_code": "http.response.status_code",
    "error_type": "error.type",
    "otel_metric_overflow": "otel.metric.overflow",
}


def spans(rows: Sequence[Row]) -> bytes:
    """Requests as spans of servers."""
    message, places = TRACES.request(), {}
    for values in (dict(zip(_REQUESTS, row, strict=True)) for row in rows):
        key = _who(values)
        if key not in places:
            resource = message.resource_spans.add()
            _describe(resource.resource, key)
            places[key] = resource.scope_spans.add()
            places[key].scope.name = SCOPE
        _span(places[key].spans.add(), values)
    data: bytes = message.SerializeToString()
    return data


def logs(rows: Sequence[Row]) -> bytes:
    """Lines as records of logs."""
    message, places = LOGS.request(), {}
    for values in (dict(zip(_TRACES, row, strict=True)) for row in rows):
        key = _who(values)
        if key not in places:
            resource = message.resource_logs.add()
            _describe(resource.resource, key)
            places[key] = resource.scope_logs.add()
            places[key].scope.name = SCOPE
        _record(places[key].log_records.add(), values)
    data: bytes = message.SerializeToString()
    return data


def metrics(
    counted: Iterable[tuple[Family, Mapping[Labels, Any]]], measures: Iterable[Measure], now: float
) -> bytes:
    """Counts since the start, and the measures of the last look."""
    message = METRICS.request()
    resource = message.resource_metrics.add()
    _describe(resource.resource, ("", "modelyard", ""))
    scope = resource.scope_metrics.add()
    scope.scope.name = SCOPE
    for family, series in counted:
        if series:
            _counted(scope.metrics.add(), family, series, now)
    found: dict[str, Any] = {}
    for m in measures:
        if m.counter not in found:
            found[m.counter] = _named(scope.metrics.add(), m)
        point = found[m.counter].data_points.add(time_unix_nano=_nano(now), as_double=m.value)
        who = _own(m.origin.workspace, m.origin.service, m.origin.version)
        more = {"device": m.instance} if m.instance and "hw.id" not in m.attributes else {}
        _set(point.attributes, {**who, **m.attributes, **more})
    data: bytes = message.SerializeToString()
    return data


def trace_id(operation: str) -> bytes:
    """The trace of an operation: its own id where that is one, else one that follows from it."""
    if len(operation) == 32:
        try:
            return bytes.fromhex(operation)
        except ValueError:
            pass
    return hashlib.sha256(operation.encode()).digest()[:16]


def span_id(request: str) -> bytes:
    """The span of a request."""
    return hashlib.sha256(b"span" + request.encode()).digest()[:8]


def _span(span: Any, values: Mapping[str, Any]) -> None:
    request = values["id"] or ""
    span.trace_id = trace_id(values["operation_Id"] or request)
    span.span_id = span_id(request)
    span.parent_span_id = _hex(values["operation_ParentId"], 8)
    span.kind = _SERVER
    span.name = values["name"] or "request"
    span.start_time_unix_nano = _nano(values["timestamp"])
    span.end_time_unix_nano = span.start_time_unix_nano + round((values["duration"] or 0) * 1e6)
    if not values["success"]:
        span.status.code = _ERROR
    status = values["resultCode"] or ""
    facts = {
        "http.request.method": (values["name"] or "").partition(" ")[0],
        "http.response.status_code": int(status) if status.isdecimal() else None,
        "url.path": (values["name"] or "").partition(" ")[2],
        "error.type": values["errorCode"],
        "client.address": values["client_IP"],
        "http.request.body.size": values["requestBytes"],
        "http.response.body.size": values["responseBytes"],
        "modelyard.request_id": request,
        "ml.inference.duration": _seconds(values["runMs"]),
        "ml.inference.queue.duration": _seconds(values["queueMs"]),
        "ml.inference.batch.size": values["batchSize"],
    }
    _set(span.attributes, facts)


def _record(record: Any, values: Mapping[str, Any]) -> None:
    record.time_unix_nano = record.observed_time_unix_nano = _nano(values["timestamp"])
    record.body.string_value = values["message"] or ""
    level = values["severityLevel"]
    if level is not None and 0 <= level < len(_SEVERITIES):
        record.severity_number = _SEVERITIES[level]
    operation = values["operation_Id"]
    if operation:
        record.trace_id = trace_id(operation)
        record.span_id = _hex(values["operation_ParentId"], 8) or span_id(operation)
    _set(record.attributes, {"log.source": values["source"], "log.iostream": values["stream"]})


def _counted(metric: Any, family: Family, series: Mapping[Labels, Any], now: float) -> None:
    metric.name, metric.unit, metric.description = family.counter, family.measured, family.about
    for labels, one in series.items():
        if isinstance(one, Counter):
            metric.sum.aggregation_temporality = _CUMULATIVE
            metric.sum.is_monotonic = True
            point = metric.sum.data_points.add(as_double=one.value)
        elif isinstance(one, Histogram | Summary):
            metric.histogram.aggregation_temporality = _CUMULATIVE
            point = metric.histogram.data_points.add(count=one.count, sum=one.sum)
            if isinstance(one, Histogram):
                point.explicit_bounds.extend(one.bounds)
                point.bucket_counts.extend(one.counts)
        point.start_time_unix_nano, point.time_unix_nano = _nano(one.created), _nano(now)
        _set(point.attributes, {_DOTTED.get(name, name): value for name, value in labels})


def _named(metric: Any, m: Measure) -> Any:
    metric.name, metric.unit = m.counter, m.unit
    known = SAMPLED.get(m.counter)
    metric.description = known.about if known else ""
    if not m.sums:
        return metric.gauge
    metric.sum.aggregation_temporality = _CUMULATIVE
    metric.sum.is_monotonic = True
    return metric.sum


def _who(values: Mapping[str, Any]) -> tuple[str, str, str]:
    service = values["service"] or values["cloud_RoleName"] or ""
    return values["workspace"] or "", service, values["application_Version"] or ""


def _describe(resource: Any, key: tuple[str, str, str]) -> None:
    _set(resource.attributes, _own(*key))


def _own(workspace: str, service: str, version: str) -> dict[str, Any]:
    return {
        "service.namespace": workspace or None,
        "service.name": service or None,
        "service.version": version or None,
    }


def _set(attributes: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if value is None or value == "":
            continue
        inner = _value()(key=name)
        if isinstance(value, int):
            inner.value.int_value = value
        elif isinstance(value, float):
            inner.value.double_value = value
        else:
            inner.value.string_value = value
        attributes.append(inner)


@cache
def _value() -> Any:
    return importlib.import_module("opentelemetry.proto.common.v1.common_pb2").KeyValue


def _nano(seconds: float) -> int:
    return max(0, round(seconds * 1e9))


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _hex(text: str | None, size: int) -> bytes:
    try:
        found = bytes.fromhex(text or "")
    except ValueError:
        return b""
    return found if len(found) == size else b""
