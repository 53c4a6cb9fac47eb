"""``@rawhttp`` under its present path."""

from modelyard_worker.rawhttp import AMLRequest, rawhttp

__all__ = ["AMLRequest", "rawhttp"]
