"""Environments: what a user defines, what is resolved from it, what was built."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class EnvironmentDefinition:
    """
    What the user wrote.

    ``conda_file`` is the raw text of a conda specification and stands instead of the packages;
    ``python_version`` None means the caller's. ``variables`` are set in every process that runs in
    the environment. ``docker`` is kept and shown, never used by the local target.
    ``interpreter`` with ``user_managed`` names a Python that is used as it is.
    """

    name: str
    python_version: str | None = None
    conda_packages: tuple[str, ...] = ()
    pip_packages: tuple[str, ...] = ()
    conda_channels: tuple[str, ...] = ()
    pip_options: tuple[str, ...] = ()
    conda_file: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    docker: Mapping[str, Any] = field(default_factory=dict)
    user_managed: bool = False
    interpreter: str | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """A registered version of a definition; the same content is the same version."""

    workspace: str
    name: str
    version: int
    definition: EnvironmentDefinition
    created: datetime


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    A definition made exact enough to build: only PyPI requirements are left.

    ``python`` is '3.11' or '3.8.18'. ``requirements`` are sorted PEP 508 lines, ``options`` what
    uv is told of indexes. ``notes`` say in sentences what was dropped, mapped or pinned; they do
    not count for the digest. ``interpreter`` is set when the user manages the environment.
    """

    python: str
    requirements: tuple[str, ...]
    options: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    interpreter: str | None = None
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of what matters: equal recipes share one built environment."""
        document = [self.python, list(self.requirements), list(self.options), self.interpreter]
        return hashlib.sha256(json.dumps(document).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BuiltEnvironment:
    """An environment on disk: its interpreter, exact Python version and installed packages."""

    digest: str
    python: str
    python_version: str
    packages: Mapping[str, str]
    lock: str = ""
    size: int = 0


class BuildState(StrEnum):
    """Azure's words for the state of an environment's build."""

    QUEUED = "Queued"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Build:
    """A build of a recipe, by the recipe's digest; ``error`` is the resolver's own message."""

    digest: str
    recipe: Recipe
    state: BuildState
    requested: datetime
    finished: datetime | None = None
    error: str | None = None
