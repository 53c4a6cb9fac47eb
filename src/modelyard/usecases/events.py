"""What was changed of services, by whom: made by everybody who changes one, looked at here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from modelyard.domain.events import Event
from modelyard.domain.services import RevisionContent, Service, Serving
from modelyard.ports import EventStore, WorkspaceStore
from modelyard.usecases.rollout_terms import fingerprint
from modelyard.usecases.traffic_rules import effective

OURSELVES = "modelyard"
"""Who did what nobody asked for at that moment."""


class Events:
    """What people ask of events."""

    def __init__(self, store: EventStore, workspaces: WorkspaceStore) -> None:
        self._store = store
        self._workspaces = workspaces

    def list(
        self, workspace: str, service: str, limit: int = 100, before: int | None = None
    ) -> Sequence[Event]:
        """
        Newest first, also of a service that is gone. Raises NotFound without the workspace.
        """
        self._workspaces.get(workspace)
        return self._store.list(workspace, service, limit=limit, before=before)


def event(
    service: Service,
    time: datetime,
    who: str,
    what: str,
    *,
    version: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    why: str = "",
) -> Event:
    """An event that keeps of ``before`` and ``after`` only what is not the same. Pure."""
    old, new = before or {}, after or {}
    if "serving" in new and "serving" not in old:
        new = {**new, "serving": _unusual(new["serving"])}
    return Event(
        workspace=service.workspace,
        service=service.name,
        time=time,
        who=who or OURSELVES,
        what=what,
        version=version,
        before={key: value for key, value in old.items() if value != new.get(key)},
        after={key: value for key, value in new.items() if value != old.get(key)},
        why=why,
    )


def service_facts(service: Service) -> dict[str, Any]:
    """What an event tells of a service. Pure."""
    return {
        "kind": service.kind.value,
        "auth": service.auth.value,
        "description": service.description,
        "tags": dict(service.tags),
        "properties": dict(service.properties),
        "enabled": service.enabled,
        "port": service.port,
        "compute": service.compute,
    }


def traffic_facts(service: Service) -> dict[str, Any]:
    """What an event tells of traffic, in percent. Pure."""
    traffic = service.traffic
    return {
        "shares": {name: share / 10 for name, share in sorted(effective(service).items())},
        "given": {name: share / 10 for name, share in sorted(traffic.given.items())},
        "default": service.default_version,
        "control": service.control_version,
        "sticky": traffic.sticky,
        "shadows": {name: share / 10 for name, share in sorted(traffic.shadows.items())},
    }


def content_facts(content: RevisionContent | None) -> dict[str, Any]:
    """
    What an event tells of a content; of variables only the names, as values may be secret. The
    fingerprint tells that something else changed all the same. Pure.
    """
    if content is None:
        return {}
    limits, serving = content.limits, content.serving
    return {
        "models": [f"{model.name}:{model.version}" for model in content.models],
        "entry_script": content.entry_script,
        "source": content.source[:12],
        "environment": str(content.environment.get("name", "")),
        "recipe": content.recipe[:12],
        "variables": sorted(content.variables),
        "limits": {"cpu": limits.cpu, "memory": limits.memory, "gpu": limits.gpu},
        "serving": msgspec.to_builtins(serving),
        "fingerprint": fingerprint(content),
    }


_ALWAYS = ("workers", "max_workers", "fronts", "scoring_timeout", "queue_limit", "queue_wait")


def _unusual(serving: Mapping[str, Any]) -> dict[str, Any]:
    """Of a new content's options those that everybody asks for, and what is not the default."""
    usual = msgspec.to_builtins(Serving())
    return {k: v for k, v in serving.items() if k in _ALWAYS or v != usual.get(k)}
