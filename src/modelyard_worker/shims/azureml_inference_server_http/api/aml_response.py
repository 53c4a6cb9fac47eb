"""AMLResponse under its present path."""

from modelyard_worker.rawhttp import AMLResponse

__all__ = ["AMLResponse"]
