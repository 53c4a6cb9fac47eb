"""``/metrics``: what Prometheus asks for."""

from modelyard.collector.prometheus.meters import Meters
from modelyard.collector.prometheus.routes import routes

__all__ = ["Meters", "routes"]
