"""Services: deployed, changed, looked at, deleted."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.names import check_name
from modelyard.domain.services import (
    Auth,
    Edit,
    Keys,
    RevisionContent,
    Service,
    ServiceVersion,
)
from modelyard.ports import Clock, RolloutStore, ServiceStore, WorkspaceStore
from modelyard.usecases.content_parts import changes_content, to_wire, with_parts
from modelyard.usecases.contents import Resolved
from modelyard.usecases.deploying import Deployment
from modelyard.usecases.events import content_facts, event, service_facts
from modelyard.usecases.keys import changed_keys, chosen_keys
from modelyard.usecases.near import did_you_mean
from modelyard.usecases.resolving import Resolving
from modelyard.usecases.rollout_guard import check_traffic_free, check_version_free
from modelyard.usecases.service_ports import LocalPorts
from modelyard.usecases.service_rules import (
    ServiceRules,
    changed_how,
    changed_service,
    check_overwrite,
    chosen_auth,
    chosen_kind,
    chosen_version,
    new_revision,
)
from modelyard.usecases.version_edits import wanted_revision
from modelyard.wire import services as wire


class Services:
    """What people do with services. The reconciler brings about what is stored here."""

    def __init__(
        self,
        store: ServiceStore,
        workspaces: WorkspaceStore,
        rollouts: RolloutStore,
        resolving: Resolving,
        ports: LocalPorts,
        rules: ServiceRules,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._workspaces = workspaces
        self._rollouts = rollouts
        self._resolving = resolving
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
        deployment = self._checked(workspace, request, old, created_by)
        if old is None:
            first = deployment.first(workspace)
            assert deployment.keys is not None  # noqa: S101 - made for a new service
            self._store.add(first, deployment.keys)
            return self._edit(first.id, deployment.edit)

        def decide(present: Service, versions: Sequence[ServiceVersion]) -> Edit:
            self._check_rollout(present, deployment.version, request.traffic)
            return deployment.edit(present, versions)

        return self._edit(old.id, decide)

    def _checked(
        self, workspace: str, request: wire.ServiceRequest, old: Service | None, who: str
    ) -> Deployment:
        check_overwrite(old, request)
        version = chosen_version(old, self._store.versions(old.id) if old else [], request.version)
        kind = chosen_kind(request.kind)
        auth = chosen_auth(kind, request.auth, self._rules)
        old_keys = self._store.keys(old.id) if old else None
        keys = chosen_keys(request.primary_key, request.secondary_key, old_keys)
        resolved = self._resolving.resolve(
            workspace, request.name, version, request.compute, request.content
        )
        return Deployment(
            request=request,
            kind=kind,
            auth=auth,
            version=version,
            port=self._ports.choose(kind, request.port, old),
            resolved=resolved,
            keys=None if keys == old_keys else keys,
            now=self._clock.now(),
            who=who,
            again=old is not None,
        )

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
                self._check_rollout(present, version)
                revision = new_revision(present, version, resolved, now)
                before, content = self._content(present, versions), resolved.content
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

    def _check_rollout(self, service: Service, version: str, share: float | None = None) -> None:
        """Raises Conflict when a rollout compares the version, or moves traffic meanwhile."""
        doing = f"version {version!r} cannot be changed"
        check_version_free(self._rollouts, service, version, doing)
        if share is not None:
            check_traffic_free(self._rollouts, service, "its traffic cannot be changed")

    def _find(self, workspace: str, name: str) -> Service | None:
        try:
            return self._store.get(workspace, name)
        except NotFound:
            return None

    def _changed_content(self, service: Service, change: wire.ServiceChange) -> Resolved:
        content = self._content(service, self._store.versions(service.id))
        base = to_wire(content) if content else change.content
        if base is None:
            raise Conflict(f"Service {service.name!r} has no content to change; deploy it again.")
        return self._resolving.resolve(
            service.workspace,
            service.name,
            service.default_version,
            service.compute,
            with_parts(base, change),
        )

    def _content(
        self, service: Service, versions: Sequence[ServiceVersion]
    ) -> RevisionContent | None:
        """What its default version shall run."""
        version = next((v for v in versions if v.name == service.default_version), None)
        wanted = wanted_revision(version, self._store.revisions(service.id))
        return wanted.content if wanted else None
