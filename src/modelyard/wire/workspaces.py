"""Workspaces."""

from datetime import datetime

from modelyard.wire.base import Request, Wire


class WorkspaceRequest(Request):
    """Asks for a workspace; with ``exist_ok`` one that is there is given back."""

    name: str
    tags: dict[str, str] = {}
    cloud: dict[str, str] = {}
    exist_ok: bool = False


class WorkspaceChange(Request):
    """Replaces what is not None."""

    tags: dict[str, str] | None = None
    cloud: dict[str, str] | None = None


class Workspace(Wire):
    """A workspace; ``cloud`` keeps Azure's arguments (subscription_id, resource_group …)."""

    id: str
    name: str
    created: datetime
    tags: dict[str, str] = {}
    cloud: dict[str, str] = {}
