"""Log records to rows of traces, and of exceptions where they carry one. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from modelyard.collector.intake import cut, dimensions
from modelyard.collector.making import row
from modelyard.collector.otlp.attributes import Place, attributes, value
from modelyard.collector.otlp.rejected import Taken
from modelyard.collector.sink import Row
from modelyard.telemetry.rows import problem_id, severity


def take(message: Any, arrival: Any) -> Taken:
    """All records."""
    taken = Taken()
    for resource in message.resource_logs:
        place = Place(resource.resource, arrival)
        for scope in resource.scope_logs:
            for record in scope.log_records:
                taken.add_all(_rows(record, scope.scope.name, place))
    return taken


def _rows(record: Any, scope: str, place: Place) -> Iterator[tuple[str, Row]]:
    time, odd = place.time(record.time_unix_nano or record.observed_time_unix_nano)
    found = attributes(record.attributes)
    where = {
        **place.columns,
        "timestamp": time,
        "operation_Id": record.trace_id.hex() or None,
        "operation_ParentId": record.span_id.hex() or None,
    }
    body = value(record.body)
    text = body if isinstance(body, str) else "" if body is None else _json(body)
    yield (
        "traces",
        row(
            "traces",
            where,
            {
                "message": cut(text or record.event_name),
                "severityLevel": level(record.severity_number, record.severity_text),
                "source": cut(scope, 200) or "script",
                "customDimensions": dimensions(found, place.more, odd),
            },
        ),
    )
    if "exception.type" in found or "exception.message" in found:
        yield "exceptions", exception(found, where, dimensions({}, place.more, odd))


def level(number: int, text: str) -> int | None:
    """OpenTelemetry's 1 to 24 as 0 verbose to 4 critical."""
    if not number:
        return severity(text) if text else None
    return 0 if number <= 8 else min(4, (number - 5) // 4)


def exception(found: Mapping[str, Any], where: Mapping[str, Any], texts: str | None) -> Row:
    """The row of an exception by its conventional attributes."""
    kind = str(found.get("exception.type") or "Exception")
    trace = str(found.get("exception.stacktrace") or "")
    file, line, function = _place(trace)
    values = {
        "type": cut(kind, 1024),
        "message": cut(str(found.get("exception.message") or "")),
        "file": file or None,
        "line": line,
        "method": function or None,
        "details": cut(trace) or None,
        "problemId": cut(problem_id(kind, file, function), 1024),
        "customDimensions": texts,
    }
    return row("exceptions", where, values)


def _place(trace: str) -> tuple[str, int | None, str]:
    """File, line and function of the last place that Python's traceback names."""
    for text in reversed(trace.splitlines()):
        parts = text.strip().split(", ", 2)
        if len(parts) == 3 and parts[0].startswith('File "') and parts[1].startswith("line "):
            line = parts[1].removeprefix("line ")
            file = parts[0].removeprefix('File "').removesuffix('"')
            known = int(line) if line.isdecimal() and len(line) < 9 else None
            return cut(file, 1024), known, cut(parts[2].removeprefix("in "), 1024)
    return "", None, ""


def _json(body: Any) -> str:
    return msgspec.json.encode(body).decode()
