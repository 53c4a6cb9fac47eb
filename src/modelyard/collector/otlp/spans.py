"""Spans to rows: those of servers to requests, those of clients to dependencies. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from modelyard.collector.intake import cut, dimensions
from modelyard.collector.making import row
from modelyard.collector.otlp.attributes import Place, attributes
from modelyard.collector.otlp.logs import exception
from modelyard.collector.otlp.rejected import Taken
from modelyard.collector.sink import Row

_SERVER, _CONSUMER = 2, 5
_INTERNAL = 1
_ERROR = 2


def take(message: Any, arrival: Any) -> Taken:
    """All spans with their events."""
    taken = Taken()
    for resource in message.resource_spans:
        place = Place(resource.resource, arrival)
        for scope in resource.scope_spans:
            for span in scope.spans:
                if len(span.trace_id) != 16 or len(span.span_id) != 8:
                    taken.refuse(f"The span {span.name!r:.100} has no valid trace id and span id.")
                    continue
                taken.add_all(_rows(span, place))
    return taken


def _rows(span: Any, place: Place) -> Iterator[tuple[str, Row]]:
    found = attributes(span.attributes)
    time, odd = place.time(span.start_time_unix_nano)
    where = {
        **place.columns,
        "timestamp": time,
        "operation_Id": span.trace_id.hex(),
        "operation_ParentId": span.parent_span_id.hex() or None,
    }
    values = {
        "id": span.span_id.hex(),
        "name": cut(span.name, 1024),
        "resultCode": _result(span, found),
        "success": span.status.code != _ERROR,
        "duration": max(0, span.end_time_unix_nano - span.start_time_unix_nano) / 1e6,
        "customDimensions": dimensions(found, place.more, odd),
    }
    if span.kind in (_SERVER, _CONSUMER):
        yield "requests", row("requests", where, values, _of_server(found))
    else:
        yield "dependencies", row("dependencies", where, values, _of_client(span, found))
    for event in span.events:
        yield _event(event, span, place, where)


def _event(event: Any, span: Any, place: Place, where: Mapping[str, Any]) -> tuple[str, Row]:
    found = attributes(event.attributes)
    time, odd = place.time(event.time_unix_nano)
    within = {**where, "timestamp": time, "operation_ParentId": span.span_id.hex()}
    if event.name == "exception":
        return "exceptions", exception(found, within, dimensions({}, place.more, odd))
    texts = dimensions(found, place.more, odd)
    values = {"message": cut(event.name), "source": "script", "customDimensions": texts}
    return "traces", row("traces", within, values)


def _result(span: Any, found: Mapping[str, Any]) -> str:
    for name in ("http.response.status_code", "http.status_code", "rpc.grpc.status_code"):
        if found.get(name) is not None:
            return str(found[name])
    return str(span.status.code)


def _of_server(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "client_IP": _first(found, "client.address", "http.client_ip", "net.peer.ip"),
        "errorCode": _first(found, "error.type"),
        "requestBytes": _size(found, "http.request.body.size"),
        "responseBytes": _size(found, "http.response.body.size"),
        "source": "script",
    }


def _of_client(span: Any, found: Mapping[str, Any]) -> dict[str, Any]:
    data = _first(
        found,
        "url.full",
        "http.url",
        "db.query.text",
        "db.statement",
        "messaging.destination.name",
    )
    target = _first(found, "server.address", "net.peer.name", "peer.service", "db.namespace")
    return {"data": data, "target": target, "type": _type(span, found)}


def _type(span: Any, found: Mapping[str, Any]) -> str | None:
    if span.kind == _INTERNAL:
        return "InProc"
    if "http.request.method" in found or "http.method" in found:
        return "HTTP"
    return _first(
        found, "db.system.name", "db.system", "messaging.system", "rpc.system", "gen_ai.system"
    )


def _first(found: Mapping[str, Any], *names: str) -> str | None:
    return next((cut(str(found[name]), 8192) for name in names if found.get(name)), None)


def _size(found: Mapping[str, Any], name: str) -> int | None:
    size = found.get(name)
    return size if isinstance(size, int) and 0 <= size < 2**63 else None
