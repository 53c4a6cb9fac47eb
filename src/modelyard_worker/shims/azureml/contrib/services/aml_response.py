"""AMLResponse under its old path."""

from modelyard_worker.rawhttp import AMLResponse

__all__ = ["AMLResponse"]
