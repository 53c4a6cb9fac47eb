"""OpenTelemetry's real SDK as the client, told where to send by the variables of a worker."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from modelyard.collector.intake import Entry
from modelyard.collector.otlp import routes as otlp_routes
from modelyard.collector.track import routes as track_routes
from modelyard.telemetry.ingest import Origin, key_for, variables
from modelyard.testing.sink import FakeSink
from tests.client_environments import bin_of
from tests.collector.serving import RouteServer

KEY = b"the-key-of-the-home"
IRIS = Origin("ws", "iris", "v1", 3, "front")

REPORTS = """
import logging
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

EXPORTERS

tracing = TracerProvider()
tracing.add_span_processor(BatchSpanProcessor(SpanExporter()))
trace.set_tracer_provider(tracing)
tracer = tracing.get_tracer("script")
with tracer.start_as_current_span("POST /score", kind=trace.SpanKind.SERVER):
    with tracer.start_as_current_span(
        "call", kind=trace.SpanKind.CLIENT, attributes={"http.request.method": "GET"}
    ) as span:
        span.record_exception(KeyError("x"))

metering = MeterProvider([PeriodicExportingMetricReader(MetricExporter(), 3_600_000)])
meter = metering.get_meter("script")
meter.create_counter("rows").add(3, {"kind": "a"})
times = meter.create_histogram("ms")
times.record(1)
times.record(9)
metering.shutdown()
tracing.shutdown()
"""

OTLP = """
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
SpanExporter = lambda: OTLPSpanExporter(compression=Compression.Gzip)
MetricExporter = OTLPMetricExporter
"""

AZURE = """
from azure.monitor.opentelemetry.exporter import (
    AzureMonitorMetricExporter, AzureMonitorTraceExporter
)
SpanExporter = lambda: AzureMonitorTraceExporter(disable_offline_storage=True)
MetricExporter = lambda: AzureMonitorMetricExporter(disable_offline_storage=True)
"""


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
def server(sink: FakeSink) -> Iterator[RouteServer]:
    entry = Entry(lambda: KEY)
    made = RouteServer([*otlp_routes(sink, entry), *track_routes(sink, entry)])
    yield made
    made.close()


def report(server: RouteServer, exporters: str, python: str = sys.executable) -> None:
    told = variables(f"{server.url}/telemetry/{key_for(IRIS, KEY)}")
    program = REPORTS.replace("EXPORTERS", exporters)
    done = subprocess.run(
        [python, "-c", program], env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def check(sink: FakeSink) -> None:
    (request,), (dependency,) = sink.named("requests"), sink.named("dependencies")
    assert request["name"] == "POST /score"
    assert dependency["operation_ParentId"] == request["id"]
    assert dependency["operation_Id"] == request["operation_Id"]
    (exception,) = sink.named("exceptions")
    assert exception["type"] == "KeyError"
    found = {row["name"]: row for row in sink.named("customMetrics")}
    assert set(found) == {"rows", "ms"}
    assert found["rows"]["valueSum"] == 3.0
    assert (found["ms"]["value"], found["ms"]["valueCount"]) == (5.0, 2)
    assert {row["service"] for table in sink.rows for row in sink.named(table)} == {"iris"}


def test_the_real_sdk_sends_spans_and_metrics_here_by_itself(
    sink: FakeSink, server: RouteServer
) -> None:
    report(server, OTLP)

    assert set(server.answers) == {200}
    check(sink)


@pytest.mark.slow
def test_microsofts_exporter_of_opentelemetry_sends_them_here_by_itself(
    sink: FakeSink, server: RouteServer
) -> None:
    report(server, AZURE, str(bin_of("azure-monitor") / "python"))

    assert set(server.answers) == {200}
    check(sink)
