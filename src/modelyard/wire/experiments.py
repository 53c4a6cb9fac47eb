"""Experiments."""

from datetime import datetime

from modelyard.wire.base import Request, Wire


class ExperimentRequest(Request):
    """Asks for the experiment of that name, made when it is missing."""

    name: str
    tags: dict[str, str] = {}


class ExperimentChange(Request):
    """Replaces what is not None; ``archived`` True puts it away, False takes it back."""

    tags: dict[str, str] | None = None
    archived: bool | None = None


class Experiment(Wire):
    """An experiment of a workspace."""

    id: str
    workspace: str
    name: str
    created: datetime
    tags: dict[str, str] = {}
    archived: datetime | None = None
