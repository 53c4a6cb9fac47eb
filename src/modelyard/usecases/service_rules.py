"""What may become of a service: kinds, authentication, changes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from modelyard.domain.errors import AlreadyExists, BadInput, Conflict
from modelyard.domain.services import Auth, Service, ServiceKind
from modelyard.usecases.contents import Resolved
from modelyard.usecases.merging import merge_properties, merge_tags
from modelyard.wire import services as wire

_OPEN_BY_DEFAULT = {ServiceKind.ACI, ServiceKind.LOCAL}
_AZURE_DEFAULTS = {ServiceKind.ACI, ServiceKind.AKS, ServiceKind.AKSENDPOINT}


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """What this server allows."""

    open_allowed: bool
    """Whether a service may be called without a key: only from here, or a setting says so."""


def chosen_kind(kind: str) -> ServiceKind:
    """Raises BadInput naming the kinds there are."""
    if kind not in set(ServiceKind):
        raise BadInput(
            f"{kind!r} is no kind of service: it must be one of {', '.join(ServiceKind)}."
        )
    return ServiceKind(kind)


def chosen_auth(kind: ServiceKind, auth: str | None, rules: ServiceRules) -> Auth:
    """The kind's default without a wish. Raises BadInput when it would be open to a network."""
    if auth is None:
        chosen = Auth.OFF if kind in _OPEN_BY_DEFAULT else Auth.KEY
    elif auth in set(Auth):
        chosen = Auth(auth)
    else:
        raise BadInput(f"{auth!r} is no way to authenticate: it must be one of {', '.join(Auth)}.")
    if chosen is Auth.TOKEN:
        raise BadInput("Services with tokens are not there yet; use auth 'key'.")
    # a local service is open on its own loopback port; the one port asks for its key
    open_to_all = chosen is Auth.OFF and kind is not ServiceKind.LOCAL
    if open_to_all and not rules.open_allowed:
        raise BadInput(
            "This server can be reached from other machines, so a service without a key is "
            "refused. Ask for auth 'key' (auth_enabled=True), or start the server with "
            "MODELYARD_ALLOW_OPEN_SERVICES=1.",
            details={"field": "auth"},
        )
    return chosen


def limit_notes(kind: ServiceKind, resolved: Resolved) -> tuple[str, ...]:
    """Says which of Azure's defaults are only shown."""
    limits = resolved.content.limits
    if kind not in _AZURE_DEFAULTS:
        return ()
    missing = [
        text
        for text, value in (("cpu 0.1", limits.cpu), ("memory 0.5 GB", limits.memory))
        if value is None
    ]
    if not missing:
        return ()
    return (f"{' and '.join(missing)}: default, not enforced; only limits that you write are.",)


def changed_service(
    service: Service, change: wire.ServiceChange, rules: ServiceRules, now: datetime
) -> Service:
    """The service with all changed that needs no new revision. Raises BadInput, Immutable."""
    if service.deleting:
        raise Conflict(f"Service {service.name!r} is being deleted.")
    auth = service.auth
    if change.auth is not None:
        auth = chosen_auth(service.kind, change.auth, rules)
    tags = service.tags if change.tags is None else change.tags
    return replace(
        service,
        auth=auth,
        updated=now,
        description=service.description if change.description is None else change.description,
        tags=merge_tags(tags, remove=change.remove_tags),
        properties=merge_properties(
            f"service {service.name!r}", service.properties, change.properties
        ),
        configuration={**service.configuration, **(change.configuration or {})},
        enabled=service.enabled if change.enabled is None else change.enabled,
    )


def changes_content(change: wire.ServiceChange) -> bool:
    """Whether the change makes a new revision."""
    return change.reload or any(
        part is not None
        for part in (
            change.content,
            change.models,
            change.local_models,
            change.source,
            change.source_name,
            change.entry_script,
            change.environment,
            change.variables,
            change.limits,
            change.serving,
        )
    )


def check_overwrite(old: Service | None, request: wire.ServiceRequest) -> None:
    """Raises Conflict, AlreadyExists when the name is taken."""
    if old is None:
        return
    if old.deleting:
        raise Conflict(f"Service {old.name!r} is being deleted; wait until it is gone.")
    if not request.overwrite:
        raise AlreadyExists(
            f"A service {old.name!r} is there already in workspace {old.workspace!r}. Deploy with "
            "overwrite=True, update it, or delete it first."
        )


def replaced(service: Service, fields: Mapping[str, Any]) -> Service:
    """The service as it is deployed again. Raises Conflict when it is being deleted."""
    if service.deleting:
        raise Conflict(f"Service {service.name!r} is being deleted; wait until it is gone.")
    return replace(service, **fields)
