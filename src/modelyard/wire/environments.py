"""Environments and their builds."""

from datetime import datetime
from typing import Any

from modelyard.wire.base import Request, Wire


class EnvironmentDefinition(Wire):
    """What the user wrote; see ``domain.environments.EnvironmentDefinition``."""

    name: str
    python_version: str | None = None
    conda_packages: list[str] = []
    pip_packages: list[str] = []
    conda_channels: list[str] = []
    pip_options: list[str] = []
    conda_file: str | None = None
    variables: dict[str, str] = {}
    docker: dict[str, Any] = {}
    user_managed: bool = False
    interpreter: str | None = None


class Environment(Wire):
    """A registered version."""

    workspace: str
    name: str
    version: int
    created: datetime
    definition: EnvironmentDefinition


class BuildRequest(Request):
    """Builds what is defined; ``models`` are ids whose records may pin packages."""

    definition: EnvironmentDefinition
    models: list[str] = []


class Build(Wire):
    """
    A build, by its recipe's digest; ``state`` Queued, Running, Succeeded or Failed.

    ``notes`` are sentences on what was dropped, mapped or pinned. ``packages`` once it is built.
    """

    digest: str
    state: str
    python: str
    requirements: list[str]
    notes: list[str] = []
    error: str | None = None
    requested: datetime | None = None
    finished: datetime | None = None
    packages: dict[str, str] = {}
