"""One request: what telemetry knows of it, and what the registry knows of who answered it."""

from dataclasses import dataclass, field
from typing import Any

from modelyard.domain.errors import ModelyardError
from modelyard.sdk.client import Client, path
from modelyard.wire import telemetry as wire
from modelyard.wire.environments import Build
from modelyard.wire.models import Model
from modelyard.wire.services import Revision, Service


@dataclass(frozen=True)
class Trace:
    """
    ``request`` are the columns of its row that hold something, ``items`` all else that belongs to
    it: log lines, exceptions, metrics, events and calls, in the order of their times.

    ``models`` as name, version and manifest (the SHA-256 over all its files), ``environment`` the
    lock of what ran; ``missing`` says why one of them is not known.
    """

    id: str
    workspace: str
    service: str
    version: str
    revision: int | None
    request: dict[str, Any]
    items: list[wire.TraceItem]
    models: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    missing: str = ""

    def of(self, table: str) -> list[wire.TraceItem]:
        """The items of one table, like 'traces' or 'exceptions'."""
        return [item for item in self.items if item.table == table]


def trace(client: Client, request_id: str) -> Trace:
    """Raises NotFound where nothing is known of it."""
    found = client.get("/telemetry" + path("requests", request_id), wire.Trace)
    facts: dict[str, Any] = {
        name: getattr(found, name)
        for name in ("id", "workspace", "service", "version", "revision", "request", "items")
    }
    try:
        facts |= _content(client, found)
    except ModelyardError as error:  # telemetry outlives services, and the control plane's stops
        facts["missing"] = f"Which model and environment ran is not known: {error.message}"
    return Trace(**facts)


def _content(client: Client, found: wire.Trace) -> dict[str, Any]:
    base = path("workspaces", found.workspace)
    service = client.get(base + path("services", found.service), Service)
    ran = (found.version, found.revision)
    revision = next((r for r in service.revisions if (r.version, r.number) == ran), None)
    if found.revision is None:
        return {"missing": "It did not reach a version: the gateway answered it."}
    if revision is None:
        return {"missing": f"The revision {found.revision} of {found.service} is gone."}
    return {
        "models": [_model(client, base, id) for id in _models(revision, service)],
        "environment": _environment(client, base, revision),
    }


def _models(revision: Revision, service: Service) -> list[str]:
    named = revision.content.get("models")
    if not isinstance(named, list):
        return list(service.models)
    return [m if isinstance(m, str) else f"{m['name']}:{m['version']}" for m in named]


def _model(client: Client, base: str, id: str) -> dict[str, Any]:
    name, _, version = id.partition(":")
    if version in {"", "0"}:  # it was given as a file, and is registered nowhere
        return {"name": name}
    model = client.find(base + path("models", name, "versions", version), Model)
    manifest = model.manifest if model else "removed"
    return {"name": name, "version": int(version), "manifest": manifest}


def _environment(client: Client, base: str, revision: Revision) -> dict[str, Any]:
    digest = revision.content.get("recipe")
    if not isinstance(digest, str) or not digest:
        return {}
    build = client.find(base + path("builds", digest), Build)
    known = {"python": build.python, "packages": build.packages} if build else {}
    return {"lock": digest, **known}
