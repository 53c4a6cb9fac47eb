"""OpenTelemetry's SDK, in an environment that has it."""

from pathlib import Path

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from benchmarks.handover.timing import Keep, main

_ATTRIBUTES = {
    "http.request.method": "POST",
    "http.route": "/score",
    "http.response.status_code": 200,
}


def metrics(_: Path) -> Keep:
    """A counter and a histogram with three attributes."""
    meter = MeterProvider([InMemoryMetricReader()]).get_meter("a")
    count, duration = meter.create_counter("requests"), meter.create_histogram("duration")

    def keep(_: int) -> None:
        count.add(1, _ATTRIBUTES)
        duration.record(0.00125, _ATTRIBUTES)

    return keep


def span(_: Path) -> Keep:
    """A span, handed to the batch processor whose exporter throws it away."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(_Nowhere()))
    tracer = provider.get_tracer("a")

    def keep(_: int) -> None:
        tracer.start_span("POST /score", attributes=_ATTRIBUTES).end()

    return keep


class _Nowhere(SpanExporter):
    def export(self, _: object) -> SpanExportResult:
        return SpanExportResult.SUCCESS


if __name__ == "__main__":
    main({"metrics": metrics, "span": span})
