"""OpenTelemetry's messages, loaded when first needed: 0.2 s, and 2 MB of memory."""

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any

_BASE = "opentelemetry.proto.collector"


@dataclass(frozen=True, slots=True)
class Signal:
    """One kind of telemetry: its path below ``/v1/``, and the names that its messages have."""

    path: str
    service: str
    word: str
    rejected: str

    @property
    def request(self) -> Any:
        """The class of what is sent."""
        return getattr(_module(self.service), f"Export{self.word}ServiceRequest")

    @property
    def response(self) -> Any:
        """The class of what is answered."""
        return getattr(_module(self.service), f"Export{self.word}ServiceResponse")


METRICS = Signal("metrics", "metrics", "Metrics", "rejected_data_points")
LOGS = Signal("logs", "logs", "Logs", "rejected_log_records")
TRACES = Signal("traces", "trace", "Trace", "rejected_spans")


@cache
def _module(service: str) -> Any:
    return importlib.import_module(f"{_BASE}.{service}.v1.{service}_service_pb2")


@cache
def json_format() -> Any:
    """protobuf's reader and writer of JSON."""
    return importlib.import_module("google.protobuf.json_format")


@cache
def decode_error() -> type[Exception]:
    """What protobuf raises for bytes that are no message."""
    found: type[Exception] = importlib.import_module("google.protobuf.message").DecodeError
    return found
