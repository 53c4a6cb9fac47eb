"""AMLResponse under its old path."""

from modelyard_worker.responses import AMLResponse

__all__ = ["AMLResponse"]
