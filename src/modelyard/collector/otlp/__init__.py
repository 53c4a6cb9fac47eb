"""OpenTelemetry's protocol over HTTP: what is received, and what is sent on."""

from modelyard.collector.otlp.routes import routes

__all__ = ["routes"]
