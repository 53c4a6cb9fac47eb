"""trace: everything known of one request."""

from typing import Annotated, Any

import msgspec
import typer

from modelyard.cli.choose import running_server
from modelyard.cli.output import Json, print_json, say, show
from modelyard.sdk import telemetry_trace
from modelyard.sdk.telemetry import LEVELS, levelled
from modelyard.sdk.telemetry_trace import Trace
from modelyard.wire.telemetry import TraceItem

_SHOWN = [
    ("request", "id"), ("time", "timestamp"), ("asked", "name"), ("status", "resultCode"),
    ("error", "errorCode"), ("client", "client_IP"), ("batch", "batchSize"),
    ("worker", "worker"),
]  # fmt: skip
_TIMES = [
    ("gateway", "gatewayMs"), ("front", "duration"), ("queue", "queueMs"), ("run", "runMs"),
]  # fmt: skip


def trace(
    request_id: Annotated[
        str,
        typer.Argument(metavar="REQUEST", help="The answer's x-ms-request-id (or X-Request-Id)."),
    ],
    as_json: Json = False,
) -> None:
    """Show what is known of a request: who answered it, times, log lines, exceptions."""
    found = telemetry_trace.trace(running_server(), request_id)
    if as_json:
        print_json({name: getattr(found, name) for name in Trace.__dataclass_fields__})
        return
    show(
        found,
        False,
        [
            *((title, _of(field)) for title, field in _SHOWN),
            ("trace", _trace),
            ("service", lambda t: f"{t.workspace}/{t.service}" if t.service else ""),
            ("version", lambda t: f"{t.version} revision {t.revision}" if t.version else ""),
            ("models", lambda t: [_model(m) for m in t.models]),
            ("environment", _environment),
            ("not known", lambda t: t.missing),
            ("times", _times),
            ("bytes", _bytes),
        ],
    )
    if found.items:
        say("")
    for item in _once(found):
        say(_line(item))


def _once(found: Trace) -> list[TraceItem]:
    """All but the log lines that repeat an exception's traceback, which stands there whole."""
    told = {
        line.strip()
        for exception in found.of("exceptions")
        for line in str(exception.values.get("details", "")).splitlines()
    }
    return [
        item
        for item in found.items
        if item.table != "traces"
        or not told
        or str(item.values.get("message", "")).strip() not in {*told, ""}
    ]


def _of(field: str) -> Any:
    return lambda found: found.request.get(field, "")


def _trace(found: Trace) -> str:
    """The trace that a client sent; without one the request's own id stands there."""
    trace = found.request.get("operation_Id", "")
    return "" if trace == found.request.get("id") else str(trace)


def _model(model: dict[str, Any]) -> str:
    version = f":{model['version']}" if "version" in model else ""
    manifest = f"  sha256 {model['manifest']}" if "manifest" in model else ""
    return f"{model['name']}{version}{manifest}"


def _environment(found: Trace) -> str:
    environment = found.environment
    if not environment:
        return ""
    packages = len(environment.get("packages", {}))
    python = f", Python {environment['python']}" if environment.get("python") else ""
    return f"lock {environment['lock']}{python}, {packages} package{'s' * (packages != 1)}"


def _times(found: Trace) -> str:
    known = ((title, found.request.get(field)) for title, field in _TIMES)
    return ", ".join(f"{title} {value:.3f} ms" for title, value in known if value is not None)


def _bytes(found: Trace) -> str:
    received, sent = (found.request.get(f"{way}Bytes") for way in ("request", "response"))
    return f"{received} received, {sent} sent" if received is not None else ""


def _line(item: TraceItem) -> str:
    time = item.time.astimezone().strftime("%H:%M:%S.%f")[:-3]
    values = item.values
    if item.table == "traces":
        level = dict(enumerate(LEVELS)).get(values.get("severityLevel", -1), "")
        said = levelled(str(values.get("message", "")), level)
        return f"{time} {values.get('source', 'log')}: {said}"
    if item.table == "exceptions":
        where = f" at {values['file']}:{values.get('line', '?')}" if "file" in values else ""
        said = f"{time} exception: {values.get('type')}: {values.get('message', '')}{where}"
        details = str(values.get("details", "")).rstrip()
        return said + "".join(f"\n    {line}" for line in details.splitlines())
    if "$CorrelationId" in values:
        features = {name: value for name, value in values.items() if not name.startswith("$")}
        return f"{time} {item.table}: {msgspec.json.encode(features).decode()}"
    if item.table == "outcomes":
        return f"{time} outcome: {values.get('metric')} {values.get('value'):g}"
    name = values.get("name", "")
    more = values.get("value", values.get("customMeasurements", values.get("duration", "")))
    if isinstance(more, dict):
        more = {key: _round(value) for key, value in more.items()}
    told = more if isinstance(more, str) else msgspec.json.encode(more).decode()
    return f"{time} {item.table}: {name} {told}".rstrip()


def _round(value: Any) -> Any:
    """A number to six digits, a whole one without its .0; all else as it is."""
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() else float(f"{value:.6g}")
