"""Versions of a service: made, changed, deleted. The reconciler brings about what is stored."""

from collections.abc import Callable, Sequence
from typing import Any

from modelyard.domain.errors import Conflict
from modelyard.domain.names import check_name
from modelyard.domain.services import Edit, Service, ServiceVersion
from modelyard.ports import Clock, RolloutStore, ServiceStore
from modelyard.usecases.content_parts import changes_content, filled, to_wire, with_parts
from modelyard.usecases.contents import Resolved
from modelyard.usecases.resolving import Resolving
from modelyard.usecases.rollout_guard import (
    check_traffic_free,
    check_version_free,
    check_version_stays,
)
from modelyard.usecases.services import Services
from modelyard.usecases.version_edits import Present, created, deleted, updated, wanted_revision
from modelyard.usecases.version_rules import check_new, check_stays, check_unused, find_version
from modelyard.wire import endpoints as wire
from modelyard.wire.contents import Content


class Versions:
    """What people do with the versions of a service."""

    def __init__(
        self,
        services: Services,
        store: ServiceStore,
        rollouts: RolloutStore,
        resolving: Resolving,
        clock: Clock,
        wake: Callable[[], None],
        most: int,
    ) -> None:
        """``most``: how many versions a service may have."""
        self._services = services
        self._store = store
        self._rollouts = rollouts
        self._resolving = resolving
        self._clock = clock
        self._wake = wake
        self._most = most

    def create(
        self, workspace: str, service: str, request: wire.VersionRequest, who: str = ""
    ) -> Service:
        """
        A new version, or with ``overwrite`` a new revision of the one of that name.

        Raises BadName, BadInput, NotFound, AlreadyExists, Conflict, NoCapacity, BadEnvironment.
        """
        found = self._services.get(workspace, service)
        check_name("service version", request.name)
        check_new(found, self._store.versions(found.id), request, self._most)
        resolved = self._resolve(found, request.name, self._asked(found, request))

        def decide(service: Service, versions: Sequence[ServiceVersion]) -> Edit:
            old = check_new(service, versions, request, self._most)
            if old is not None:
                self._check_compared(service, old.name, "changed")
            if request.traffic is not None or request.is_default or request.strategy:
                self._check_free(service)
            present = self._present(service, versions, old, who)
            return created(present, old, request, resolved)

        return self._edit(found, decide)

    def change(
        self,
        workspace: str,
        service: str,
        name: str,
        change: wire.VersionChange,
        who: str = "",
    ) -> Service:
        """
        Change it; a changed content becomes a new revision, started beside the one that serves.

        Raises NotFound, Conflict, BadInput, Immutable, InUse, and what ``create`` raises.
        """
        found = self._services.get(workspace, service)
        version = find_version(found, self._store.versions(found.id), name)
        check_stays(found, version)
        resolved = None
        if changes_content(change):
            resolved = self._resolve(found, name, with_parts(self._base(found, name), change))

        def decide(service: Service, versions: Sequence[ServiceVersion]) -> Edit:
            old = find_version(service, versions, name)
            check_stays(service, old)
            if change.traffic is not None or change.is_default:
                self._check_free(service)
            if resolved is not None:
                self._check_compared(service, name, "changed")
            if old.enabled and change.enabled is False:
                self._check_kept(service, name, "stopped")
                check_unused(service, versions, name, "stop")
            return updated(self._present(service, versions, old, who), old, change, resolved)

        return self._edit(found, decide)

    def delete(self, workspace: str, service: str, name: str, who: str = "") -> Service:
        """
        Its fronts finish what they have, and then it is gone. Repeatable until then.

        Raises NotFound, InUse when it has traffic, is the default or is rolled out.
        """
        found = self._services.get(workspace, service)

        def decide(service: Service, versions: Sequence[ServiceVersion]) -> Edit:
            old = find_version(service, versions, name)
            if old.deleting:
                return Edit(service)
            self._check_kept(service, name, "deleted")
            check_unused(service, versions, name, "delete")
            return deleted(self._present(service, versions, old, who), old)

        return self._edit(found, decide)

    def _edit(
        self, service: Service, decide: Callable[[Service, Sequence[ServiceVersion]], Edit]
    ) -> Service:
        edit = self._store.edit(service.id, decide)
        self._wake()
        return edit.service

    def _present(
        self,
        service: Service,
        versions: Sequence[ServiceVersion],
        version: ServiceVersion | None,
        who: str,
    ) -> Present:
        wanted = wanted_revision(version, self._store.revisions(service.id))
        content = wanted.content if wanted else None
        return Present(service, versions, content, self._clock.now(), who)

    def _asked(self, service: Service, request: wire.VersionRequest) -> Content:
        """What is asked for, with the default version's where nothing was said."""
        base = self._wanted(service, service.default_version) if request.inherit else None
        content = filled(request.content, base)
        parts: dict[str, Any] = {}
        if request.models is not None:
            parts = {"models": request.models, "local_models": []}
        if request.local_models is not None:
            parts["local_models"] = request.local_models
        return with_parts(content, wire.VersionChange(**parts))

    def _base(self, service: Service, name: str) -> Content:
        content = self._wanted(service, name)
        if content is None:
            raise Conflict(
                f"Version {name!r} of service {service.name!r} has no content to change; make it "
                "anew."
            )
        return content

    def _wanted(self, service: Service, name: str) -> Content | None:
        """What a version shall run, as a client would send it."""
        versions = self._store.versions(service.id)
        version = next((v for v in versions if v.name == name), None)
        wanted = wanted_revision(version, self._store.revisions(service.id))
        return to_wire(wanted.content) if wanted else None

    def _resolve(self, service: Service, version: str, content: Content) -> Resolved:
        return self._resolving.resolve(
            service.workspace, service.name, version, service.compute, content
        )

    def _check_free(self, service: Service) -> None:
        check_traffic_free(self._rollouts, service, "its traffic cannot be changed")

    def _check_kept(self, service: Service, version: str, how: str) -> None:
        doing = f"version {version!r} cannot be {how}"
        check_version_stays(self._rollouts, service, version, doing)

    def _check_compared(self, service: Service, version: str, how: str) -> None:
        doing = f"version {version!r} cannot be {how}"
        check_version_free(self._rollouts, service, version, doing)
