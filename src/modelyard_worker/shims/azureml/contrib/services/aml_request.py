"""``@rawhttp`` under its old path, which Azure's own samples still import."""

from modelyard_worker.rawhttp import AMLRequest, rawhttp

__all__ = ["AMLRequest", "rawhttp"]
