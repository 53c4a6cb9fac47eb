"""Jobs: runs that the server runs. They travel in ``RunRequest.definition["job"]``."""

from typing import Any

from modelyard.wire.base import Request
from modelyard.wire.environments import EnvironmentDefinition


class JobRequest(Request):
    """
    What to run in a copy of ``source`` (a manifest's digest): a ``script`` or a ``command``.

    ``timeout`` in seconds; None: none.
    """

    source: str
    environment: EnvironmentDefinition
    script: str | None = None
    command: str | None = None
    arguments: list[str] = []
    variables: dict[str, str] = {}
    timeout: float | None = None


class JobResult(Request):
    """How a job ended, told by its runner: Completed, Failed or Canceled."""

    status: str
    error: dict[str, Any] | None = None
