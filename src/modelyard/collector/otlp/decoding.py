"""From a body to a message: protobuf or JSON."""

import base64
from typing import Any

import msgspec

from modelyard.collector.otlp.messages import Signal, decode_error, json_format
from modelyard.collector.otlp.position import broken_at
from modelyard.domain.errors import TooLarge

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

_MOST_OBJECTS = 1_000_000
_MOST_RESOURCES = 10_000
_IDS = {"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"}


class Malformed(Exception):
    """The body cannot be read; says where."""


class Unknown(Exception):
    """A content type that is neither."""


def kind_of(content_type: str) -> str:
    """PROTOBUF or JSON. Raises Unknown."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in {PROTOBUF, "application/protobuf"}:
        return PROTOBUF
    if kind == JSON:
        return JSON
    raise Unknown(f"The content type {content_type!r:.60} is neither {PROTOBUF} nor {JSON}.")


def decode(body: bytes, kind: str, signal: Signal) -> Any:
    """The message. Raises Malformed, TooLarge."""
    if kind == JSON and body.count(b"{") > _MOST_OBJECTS:  # said before they take a gigabyte
        raise _too_large("objects", _MOST_OBJECTS)
    found = _from_json(body, signal) if kind == JSON else _from_protobuf(body, signal)
    if any(len(many) > _MOST_RESOURCES for _, many in found.ListFields()):
        raise _too_large("resources", _MOST_RESOURCES)
    return found


def _too_large(what: str, most: int) -> TooLarge:
    return TooLarge(f"The message has more than {most} {what}. Send it in parts.")


def _from_protobuf(body: bytes, signal: Signal) -> Any:
    try:
        return signal.request.FromString(body)
    except decode_error() as error:
        where = broken_at(body, signal.request.DESCRIPTOR)
        raise Malformed(f"The body is no protobuf of {signal.path}: {where}.") from error


def _from_json(body: bytes, signal: Signal) -> Any:
    try:
        values = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(f"The body is malformed: {error}.") from error
    reader = json_format()
    try:
        _hex_to_base64(values)
        return reader.ParseDict(values, signal.request(), ignore_unknown_fields=True)
    except (reader.ParseError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Malformed(f"The body is no JSON of {signal.path}: {error}"[:2000]) from error


def _hex_to_base64(value: Any, path: str = "") -> None:
    """
    In OTLP's JSON ids are hexadecimal, where protobuf's rules for JSON have base64; in place.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _IDS and isinstance(inner, str):
                try:
                    value[name] = base64.b64encode(bytes.fromhex(inner)).decode()
                except ValueError as error:
                    where = f"{path}.{name}".lstrip(".")
                    raise ValueError(f"{where}: {inner!r:.40} is not hexadecimal") from error
            elif name != "attributes":
                _hex_to_base64(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            _hex_to_base64(inner, f"{path}[{at}]")
