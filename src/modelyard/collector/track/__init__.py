"""Application Insights' way in: ``/v2/track`` and ``/v2.1/track``."""

from modelyard.collector.track.routes import routes

__all__ = ["routes"]
