"""Services: deployed, changed, looked at, deleted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from modelyard.domain.errors import AlreadyExists, BadInput, Conflict, NotFound
from modelyard.domain.names import check_name, short_id
from modelyard.domain.services import (
    Auth,
    Keys,
    Revision,
    RevisionState,
    Service,
    ServiceKind,
)
from modelyard.ports import Clock, ServiceStore, WorkspaceStore
from modelyard.usecases.contents import Contents, Resolved, to_wire, with_parts
from modelyard.usecases.environments import Environments
from modelyard.usecases.keys import changed_keys, chosen_keys
from modelyard.usecases.merging import merge_properties, merge_tags
from modelyard.usecases.near import did_you_mean
from modelyard.usecases.service_ports import LocalPorts
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


class Services:
    """What people do with services. The reconciler brings about what is stored here."""

    def __init__(
        self,
        store: ServiceStore,
        workspaces: WorkspaceStore,
        contents: Contents,
        environments: Environments,
        ports: LocalPorts,
        rules: ServiceRules,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._workspaces = workspaces
        self._contents = contents
        self._environments = environments
        self._ports = ports
        self._rules = rules
        self._clock = clock
        self._wake = wake

    def deploy(
        self, workspace: str, request: wire.ServiceRequest, created_by: str = ""
    ) -> Service:
        """
        A new service, or with ``overwrite`` a new revision of the one of that name.

        Everything that can be checked is checked before anything is stored. Raises BadName,
        BadInput, BadEnvironment, NotFound, AlreadyExists, Conflict, NoCapacity.
        """
        self._workspaces.get(workspace)
        check_name("service", request.name)
        old = self._find(workspace, request.name)
        _check_overwrite(old, request)
        kind = chosen_kind(request.kind)
        auth = chosen_auth(kind, request.auth, self._rules)
        old_keys = self._store.keys(old.id) if old else None
        keys = chosen_keys(request.primary_key, request.secondary_key, old_keys)
        resolved = self._contents.resolve(workspace, request.content)
        port = self._ports.choose(kind, request.port, old)
        now = self._clock.now()
        fields: dict[str, Any] = {
            "kind": kind,
            "auth": auth,
            "updated": now,
            "description": request.description,
            "tags": request.tags,
            "properties": request.properties,
            "configuration": request.configuration,
            "port": port,
            "enabled": True,
        }
        if old is None:
            service = Service(
                id=short_id("s"),
                workspace=workspace,
                name=request.name,
                created=now,
                created_by=created_by,
                **fields,
            )
            self._store.add(service, keys)
        else:
            service = self._store.change(old.id, lambda found: _replaced(found, fields))
            if keys != old_keys:
                self._store.set_keys(service.id, keys)
        self._add_revision(service, resolved)
        return service

    def update(self, workspace: str, name: str, change: wire.ServiceChange) -> Service:
        """
        Change it; a changed content becomes a new revision beside the one that serves.

        Raises NotFound, Conflict, BadInput, Immutable, and what ``deploy`` raises.
        """
        service = self.get(workspace, name)
        now = self._clock.now()
        changed_service(service, change, self._rules, now)
        resolved = self._changed_content(service, change) if changes_content(change) else None
        service = self._store.change(
            service.id, lambda found: changed_service(found, change, self._rules, now)
        )
        if resolved is not None:
            self._add_revision(service, resolved)
        self._wake()
        return service

    def get(self, workspace: str, name: str) -> Service:
        """Raises NotFound, with near names."""
        service = self._find(workspace, name)
        if service is None:
            self._workspaces.get(workspace)
            raise NotFound(
                f"There is no service {name!r} in workspace {workspace!r}. "
                + did_you_mean(name, (s.name for s in self._store.list(workspace)))
            )
        return service

    def list(self, workspace: str) -> Sequence[Service]:
        """By name. Raises NotFound without the workspace."""
        self._workspaces.get(workspace)
        return self._store.list(workspace)

    def delete(self, workspace: str, name: str) -> Service:
        """Its fronts end and then it is gone. Repeatable until then. Raises NotFound."""
        service = self.get(workspace, name)
        service = self._store.change(service.id, lambda found: replace(found, deleting=True))
        self._wake()
        return service

    def keys(self, workspace: str, name: str) -> Keys:
        """Raises NotFound, Conflict when the service is open."""
        service = self.get(workspace, name)
        if service.auth is not Auth.KEY:
            raise Conflict(
                f"Service {name!r} has no keys: its auth is {service.auth}. Switch keys on with "
                "update(auth_enabled=True).",
                details={"auth": service.auth.value},
            )
        return self._store.keys(service.id)

    def change_key(self, workspace: str, name: str, change: wire.KeyChange) -> Keys:
        """Make a key anew, or set it. Raises NotFound, Conflict, BadInput."""
        keys = changed_keys(self.keys(workspace, name), change.key, change.value)
        self._store.set_keys(self.get(workspace, name).id, keys)
        self._wake()
        return keys

    def _find(self, workspace: str, name: str) -> Service | None:
        try:
            return self._store.get(workspace, name)
        except NotFound:
            return None

    def _changed_content(self, service: Service, change: wire.ServiceChange) -> Resolved:
        wanted = self._wanted(service)
        if wanted is None and change.content is None:
            raise Conflict(f"Service {service.name!r} has no content to change; deploy it again.")
        base = to_wire(wanted.content) if wanted else change.content
        assert base is not None  # noqa: S101 - one of the two is there
        return self._contents.resolve(service.workspace, with_parts(base, change))

    def _wanted(self, service: Service) -> Revision | None:
        numbers = {v.name: v.wanted for v in self._store.versions(service.id)}
        for revision in self._store.revisions(service.id):
            wanted = numbers.get(revision.version) == revision.number
            if wanted and revision.version == service.default_version:
                return revision
        return None

    def _add_revision(self, service: Service, resolved: Resolved) -> Revision:
        self._environments.ensure_build(resolved.recipe)
        revision = self._store.add_revision(
            Revision(
                id=short_id("r"),
                service=service.id,
                version=service.default_version,
                number=0,
                content=resolved.content,
                state=RevisionState.PENDING,
                created=self._clock.now(),
                notes=(*resolved.notes, *limit_notes(service.kind, resolved)),
            )
        )
        self._wake()
        return revision


def _check_overwrite(old: Service | None, request: wire.ServiceRequest) -> None:
    if old is None:
        return
    if old.deleting:
        raise Conflict(f"Service {old.name!r} is being deleted; wait until it is gone.")
    if not request.overwrite:
        raise AlreadyExists(
            f"A service {old.name!r} is there already in workspace {old.workspace!r}. Deploy with "
            "overwrite=True, update it, or delete it first."
        )


def _replaced(service: Service, fields: Mapping[str, Any]) -> Service:
    if service.deleting:
        raise Conflict(f"Service {service.name!r} is being deleted; wait until it is gone.")
    return replace(service, **fields)
