"""What may become of a service: kinds, authentication, changes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from modelyard.domain.errors import AlreadyExists, BadInput, Conflict
from modelyard.domain.names import check_name, short_id
from modelyard.domain.services import (
    DEFAULT_VERSION,
    Auth,
    Revision,
    RevisionState,
    Service,
    ServiceKind,
    ServiceVersion,
)
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


def new_revision(service: Service, version: str, resolved: Resolved, now: datetime) -> Revision:
    """A revision of that content, which is given its number when it is stored."""
    return Revision(
        id=short_id("r"),
        service=service.id,
        version=version,
        number=0,
        content=resolved.content,
        state=RevisionState.PENDING,
        created=now,
        notes=(*resolved.notes, *limit_notes(service.kind, resolved)),
    )


def chosen_version(old: Service | None, versions: Sequence[ServiceVersion], name: str) -> str:
    """
    The version that a deployment makes, or the one that it changes.

    Raises BadName, Conflict naming the versions that there are.
    """
    if old is None:
        return check_name("service version", name or DEFAULT_VERSION)
    chosen = name or old.default_version
    found = next((version for version in versions if version.name == chosen), None)
    if versions and found is None:
        names = ", ".join(repr(version.name) for version in versions)
        raise Conflict(
            f"Service {old.name!r} has no version {chosen!r} to overwrite; it has {names}. Make "
            "it with create_version, or name one of those."
        )
    if found is not None and found.deleting:
        raise Conflict(f"Version {chosen!r} of service {old.name!r} is being deleted.")
    return chosen


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


def changed_how(before: Service, after: Service) -> str:
    """What a change is called in its event."""
    if before.enabled == after.enabled:
        return "updated"
    return "started" if after.enabled else "stopped"
