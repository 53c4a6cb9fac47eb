"""Services: deployed, changed, looked at, deleted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.names import check_name, short_id
from modelyard.domain.services import (
    Auth,
    Keys,
    Revision,
    RevisionState,
    Service,
)
from modelyard.ports import Clock, ServiceStore, WorkspaceStore
from modelyard.usecases.contents import Contents, Resolved, to_wire, with_parts
from modelyard.usecases.environments import Environments
from modelyard.usecases.keys import changed_keys, chosen_keys
from modelyard.usecases.near import did_you_mean
from modelyard.usecases.service_ports import LocalPorts
from modelyard.usecases.service_rules import (
    ServiceRules,
    changed_service,
    changes_content,
    check_overwrite,
    chosen_auth,
    chosen_kind,
    limit_notes,
    replaced,
)
from modelyard.wire import services as wire


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
        check_overwrite(old, request)
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
            service = self._store.change(old.id, lambda found: replaced(found, fields))
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
