"""AMLResponse under its present path."""

from modelyard_worker.responses import AMLResponse

__all__ = ["AMLResponse"]
