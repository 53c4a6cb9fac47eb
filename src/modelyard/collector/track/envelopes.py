"""From envelopes to rows. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modelyard.collector.intake import Arrival, cut, dimensions, number, settled
from modelyard.collector.making import row, texts
from modelyard.collector.sink import Row
from modelyard.collector.track.values import Wrong, milliseconds, moment, severity, text, yes
from modelyard.telemetry.rows import problem_id

Found = Iterator[tuple[str, Row]]


def rows(envelope: Any, arrival: Arrival) -> list[tuple[str, Row]]:
    """The tables and rows of one envelope. Raises Wrong, naming the field."""
    data = _object(_object(envelope, "envelope").get("data"), "data")
    kind = data.get("baseType") or "none"
    make = _MAKERS.get(str(kind))
    if make is None:
        raise Wrong(f"data.baseType: {kind!r:.60} is not kept; {', '.join(_MAKERS)} are")
    base = _object(data.get("baseData"), "data.baseData")
    return list(make(base, _Common(envelope, base, arrival)))


class _Common:
    """The columns that all kinds have."""

    def __init__(self, envelope: Mapping[str, Any], base: Mapping[str, Any], arrival: Arrival):
        tags = _object(envelope.get("tags") or {}, "tags")
        self._tags = {str(name): str(value) for name, value in tags.items()}
        stated = moment(envelope.get("time"))
        time, self._odd = settled(stated, arrival.now)
        self._properties = _object(base.get("properties") or {}, "data.baseData.properties")
        origin = arrival.named(
            self._tag("ai.cloud.role"),
            self._tag("ai.cloud.roleInstance"),
            self._tag("ai.application.ver"),
        )
        self.columns = {
            **origin.columns(),
            "timestamp": time,
            "operation_Id": self._tag("ai.operation.id") or None,
            "operation_ParentId": self._tag("ai.operation.parentId") or None,
            "customDimensions": self.dimensions(),
            "itemCount": _count(envelope.get("sampleRate")),
        }

    def _tag(self, name: str) -> str:
        return cut(self._tags.get(name, ""), 1024)

    def tag(self, name: str) -> str | None:
        """A tag's value."""
        return self._tag(name) or None

    def dimensions(self, **more: str) -> str | None:
        """The properties, with more."""
        return dimensions(self._properties, self._odd, more)


def _metric(base: Mapping[str, Any], common: _Common) -> Found:
    points = base.get("metrics")
    if not isinstance(points, list) or not points:
        raise Wrong("data.baseData.metrics: must be an array of at least one point")
    for at, point in enumerate(points):
        where = f"data.baseData.metrics[{at}]"
        values = _point(_object(point, where), where)
        yield "customMetrics", row("customMetrics", common.columns, values)


def _point(point: Mapping[str, Any], where: str) -> dict[str, Any]:
    name, total = text(point.get("name")), number(point.get("value"))
    if name is None:
        raise Wrong(f"{where}.name: a metric needs a name")
    if total is None:
        raise Wrong(f"{where}.value: {point.get('value')!r:.60} is no finite number")
    count = number(point.get("count"))
    several = int(count) if count is not None and 1 <= count < 2**31 else 1
    mean = total / several
    least, most = number(point.get("min")), number(point.get("max"))
    return {
        "name": cut(name, 1024),
        "value": mean,
        "valueSum": total,
        "valueCount": several,
        "valueMin": mean if least is None else least,
        "valueMax": mean if most is None else most,
    }


def _event(base: Mapping[str, Any], common: _Common) -> Found:
    measured = _object(base.get("measurements") or {}, "data.baseData.measurements")
    finite = {str(key): found for key, v in measured.items() if (found := number(v)) is not None}
    values = {"name": cut(_named(base), 1024), "customMeasurements": texts(finite)}
    yield "customEvents", row("customEvents", common.columns, values)


def _message(base: Mapping[str, Any], common: _Common) -> Found:
    values = {
        "message": cut(text(base.get("message")) or ""),
        "severityLevel": severity(base.get("severityLevel")),
        "source": "script",
    }
    yield "traces", row("traces", common.columns, values)


def _exception(base: Mapping[str, Any], common: _Common) -> Found:
    found = base.get("exceptions")
    if not isinstance(found, list) or not found:
        raise Wrong("data.baseData.exceptions: must be an array of at least one exception")
    first = _object(found[0], "data.baseData.exceptions[0]")
    kind = text(first.get("typeName")) or "Exception"
    stack = first.get("parsedStack")
    place = stack[0] if isinstance(stack, list) and stack and isinstance(stack[0], dict) else {}
    file, function = text(place.get("fileName")) or "", text(place.get("method")) or ""
    line = number(place.get("line"))
    values = {
        "type": cut(kind, 1024),
        "message": cut(text(first.get("message")) or ""),
        "file": cut(file, 1024) or None,
        "line": int(line) if line is not None and 0 <= line < 2**31 else None,
        "method": cut(function, 1024) or None,
        "details": _stack(first),
        "problemId": cut(text(base.get("problemId")) or problem_id(kind, file, function), 1024),
    }
    yield "exceptions", row("exceptions", common.columns, values)


def _stack(exception: Mapping[str, Any]) -> str | None:
    if text(exception.get("stack")):
        return cut(str(exception["stack"]))
    frames = exception.get("parsedStack")
    lines = [
        f'File "{frame.get("fileName")}", line {frame.get("line")}, in {frame.get("method")}'
        for frame in (frames if isinstance(frames, list) else ())
        if isinstance(frame, dict)
    ]
    return cut("\n".join(lines)) or None


def _request(base: Mapping[str, Any], common: _Common) -> Found:
    values = {
        "id": text(base.get("id")),
        "name": cut(text(base.get("name")) or common.tag("ai.operation.name") or "", 1024),
        "resultCode": text(base.get("responseCode")),
        "success": yes(base.get("success")),
        "duration": milliseconds(base.get("duration"), "data.baseData.duration"),
        "client_IP": common.tag("ai.location.ip"),
        "source": "script",
    }
    yield "requests", row("requests", common.columns, values)


def _dependency(base: Mapping[str, Any], common: _Common) -> Found:
    values = {
        "id": text(base.get("id")),
        "name": cut(_named(base), 1024),
        "target": text(base.get("target")),
        "type": text(base.get("type")),
        "data": cut(text(base.get("data")) or "", 8192) or None,
        "resultCode": text(base.get("resultCode")),
        "success": yes(base.get("success")),
        "duration": milliseconds(base.get("duration"), "data.baseData.duration"),
    }
    yield "dependencies", row("dependencies", common.columns, values)


def _availability(base: Mapping[str, Any], common: _Common) -> Found:
    values = {
        "id": text(base.get("id")),
        "name": cut(_named(base), 1024),
        "location": text(base.get("runLocation")),
        "success": yes(base.get("success")),
        "duration": milliseconds(base.get("duration"), "data.baseData.duration"),
        "message": cut(text(base.get("message")) or "", 8192) or None,
    }
    yield "availabilityResults", row("availabilityResults", common.columns, values)


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], _Common], Found]] = {
    "MetricData": _metric,
    "EventData": _event,
    "MessageData": _message,
    "ExceptionData": _exception,
    "RequestData": _request,
    "RemoteDependencyData": _dependency,
    "AvailabilityData": _availability,
}


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Wrong(f"{where}: must be an object")
    return value


def _named(base: Mapping[str, Any]) -> str:
    name = text(base.get("name"))
    if name is None:
        raise Wrong("data.baseData.name: is missing")
    return name


def _count(rate: Any) -> int:
    """How many items one stands for that was sampled at ``rate`` percent."""
    share = number(rate)
    return max(1, round(100 / share)) if share is not None and 1e-4 < share <= 100 else 1
