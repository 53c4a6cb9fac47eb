"""Services: deployed, changed, looked at, deleted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.names import check_name, short_id
from modelyard.domain.services import (
    Auth,
    Edit,
    Keys,
    RevisionContent,
    Service,
    ServiceVersion,
)
from modelyard.domain.traffic import tenths
from modelyard.ports import Clock, ServiceStore, WorkspaceStore
from modelyard.usecases.computes import Computes
from modelyard.usecases.contents import Contents, Resolved, to_wire, with_parts
from modelyard.usecases.environments import Environments
from modelyard.usecases.events import content_facts, event, service_facts, traffic_facts
from modelyard.usecases.keys import changed_keys, chosen_keys
from modelyard.usecases.near import did_you_mean
from modelyard.usecases.service_ports import LocalPorts
from modelyard.usecases.service_rules import (
    ServiceRules,
    changed_how,
    changed_service,
    changes_content,
    check_overwrite,
    chosen_auth,
    chosen_kind,
    chosen_version,
    deployed,
    deployed_version,
    new_revision,
)
from modelyard.usecases.sticky import checked_sticky
from modelyard.wire import services as wire


class Services:
    """What people do with services. The reconciler brings about what is stored here."""

    def __init__(
        self,
        store: ServiceStore,
        workspaces: WorkspaceStore,
        contents: Contents,
        environments: Environments,
        computes: Computes,
        ports: LocalPorts,
        rules: ServiceRules,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._workspaces = workspaces
        self._contents = contents
        self._environments = environments
        self._computes = computes
        self._ports = ports
        self._rules = rules
        self._clock = clock
        self._wake = wake

    def deploy(
        self, workspace: str, request: wire.ServiceRequest, created_by: str = ""
    ) -> Service:
        """
        A new service, or with ``overwrite`` a new revision of a version of the one of that name.

        Everything that can be checked is checked before anything is stored. Raises BadName,
        BadInput, BadEnvironment, NotFound, AlreadyExists, Conflict, NoCapacity.
        """
        self._workspaces.get(workspace)
        check_name("service", request.name)
        old = self._find(workspace, request.name)
        check_overwrite(old, request)
        known = self._store.versions(old.id) if old else []
        version = chosen_version(old, known, request.version)
        kind = chosen_kind(request.kind)
        auth = chosen_auth(kind, request.auth, self._rules)
        old_keys = self._store.keys(old.id) if old else None
        keys = chosen_keys(request.primary_key, request.secondary_key, old_keys)
        checked_sticky(request.sticky)
        share = None if request.traffic is None else tenths(request.traffic, version)
        resolved = self._resolve(workspace, request, version)
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
            "compute": request.compute,
        }
        if old is None:
            first = Service(
                id=short_id("s"),
                workspace=workspace,
                name=request.name,
                created=now,
                created_by=created_by,
                default_version=version,
                **fields,
            )
            self._store.add(first, keys)
        id = first.id if old is None else old.id

        def decide(present: Service, versions: Sequence[ServiceVersion]) -> Edit:
            after = deployed(present, versions, fields, version, share, request.sticky)
            made = deployed_version(present, versions, version, request, now)
            told = event(
                present,
                now,
                created_by,
                "deployed",
                version=version,
                before={} if old is None else service_facts(present) | traffic_facts(present),
                after=service_facts(after)
                | traffic_facts(after)
                | content_facts(resolved.content),
            )
            revision = new_revision(present, version, resolved, now)
            changed_keys = None if keys == old_keys else keys
            return Edit(after, (made,), revision, changed_keys, (told,))

        return self._edit(id, decide)

    def update(
        self, workspace: str, name: str, change: wire.ServiceChange, who: str = ""
    ) -> Service:
        """
        Change it; a changed content becomes a new revision of the default version, beside the one
        that serves.

        Raises NotFound, Conflict, BadInput, Immutable, and what ``deploy`` raises.
        """
        service = self.get(workspace, name)
        now = self._clock.now()
        changed_service(service, change, self._rules, now)
        version = service.default_version
        resolved = self._changed_content(service, change) if changes_content(change) else None

        def decide(present: Service, versions: Sequence[ServiceVersion]) -> Edit:
            after = changed_service(present, change, self._rules, now)
            revision, before, content = None, None, None
            if resolved is not None:
                revision = new_revision(present, version, resolved, now)
                before, content = self._content_of(present, versions), resolved.content
            told = event(
                present,
                now,
                who,
                changed_how(present, after),
                version=version if resolved else "",
                before=service_facts(present) | content_facts(before),
                after=service_facts(after) | content_facts(content),
                why="reload" if change.reload else "",
            )
            return Edit(after, (), revision, events=(told,))

        return self._edit(service.id, decide)

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

    def delete(self, workspace: str, name: str, who: str = "") -> Service:
        """Its fronts end and then it is gone. Repeatable until then. Raises NotFound."""
        service = self.get(workspace, name)
        now = self._clock.now()

        def decide(present: Service, _: Sequence[ServiceVersion]) -> Edit:
            if present.deleting:
                return Edit(present)
            told = event(present, now, who, "deleted", before=service_facts(present))
            return Edit(replace(present, deleting=True), events=(told,))

        return self._edit(service.id, decide)

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

    def change_key(self, workspace: str, name: str, change: wire.KeyChange, who: str = "") -> Keys:
        """Make a key anew, or set it. Raises NotFound, Conflict, BadInput."""
        keys = changed_keys(self.keys(workspace, name), change.key, change.value)
        service = self.get(workspace, name)
        how = "made anew" if change.value is None else "set"
        told = event(
            service,
            self._clock.now(),
            who,
            "key changed",
            after={"key": change.key.lower(), "how": how},
        )
        self._edit(service.id, lambda present, _: Edit(present, keys=keys, events=(told,)))
        return keys

    def _edit(
        self, id: str, decide: Callable[[Service, Sequence[ServiceVersion]], Edit]
    ) -> Service:
        edit = self._store.edit(id, decide)
        self._wake()
        return edit.service

    def _resolve(self, workspace: str, request: wire.ServiceRequest, version: str) -> Resolved:
        resolved = self._contents.resolve(workspace, request.content)
        self._computes.check_room(
            workspace, request.compute, resolved.content, request.name, version
        )
        self._environments.ensure_build(resolved.recipe)
        return resolved

    def _find(self, workspace: str, name: str) -> Service | None:
        try:
            return self._store.get(workspace, name)
        except NotFound:
            return None

    def _changed_content(self, service: Service, change: wire.ServiceChange) -> Resolved:
        wanted = self._wanted(service)
        if wanted is None and change.content is None:
            raise Conflict(f"Service {service.name!r} has no content to change; deploy it again.")
        base = to_wire(wanted) if wanted else change.content
        assert base is not None  # noqa: S101 - one of the two is there
        resolved = self._contents.resolve(service.workspace, with_parts(base, change))
        self._computes.check_room(
            service.workspace,
            service.compute,
            resolved.content,
            service.name,
            service.default_version,
        )
        self._environments.ensure_build(resolved.recipe)
        return resolved

    def _content_of(
        self, service: Service, versions: Sequence[ServiceVersion]
    ) -> RevisionContent | None:
        """What its default version shall run."""
        wanted = {version.name: version.wanted for version in versions}
        key = (service.default_version, wanted.get(service.default_version))
        rows = self._store.revisions(service.id)
        return next((r.content for r in rows if (r.version, r.number) == key), None)

    def _wanted(self, service: Service) -> RevisionContent | None:
        return self._content_of(service, self._store.versions(service.id))
