"""Versions of a service: made, changed, deleted. The reconciler brings about what is stored."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from modelyard.domain.errors import Conflict
from modelyard.domain.events import Event
from modelyard.domain.names import check_name
from modelyard.domain.services import Edit, Revision, RevisionContent, Service, ServiceVersion
from modelyard.ports import Clock, RolloutStore, ServiceStore
from modelyard.usecases.computes import Computes
from modelyard.usecases.contents import Contents, Resolved, filled, to_wire, with_parts
from modelyard.usecases.environments import Environments
from modelyard.usecases.events import content_facts, event, traffic_facts
from modelyard.usecases.rollout_guard import check_traffic_free, check_version_free
from modelyard.usecases.service_rules import changes_content, new_revision
from modelyard.usecases.services import Services
from modelyard.usecases.traffic_changes import running_on
from modelyard.usecases.traffic_rules import without_version
from modelyard.usecases.version_rules import (
    changed,
    check_new,
    check_stays,
    check_unused,
    find_version,
    made,
    with_marks,
)
from modelyard.wire import endpoints as wire
from modelyard.wire.services import Content


class Versions:
    """What people do with the versions of a service."""

    def __init__(
        self,
        services: Services,
        store: ServiceStore,
        rollouts: RolloutStore,
        contents: Contents,
        environments: Environments,
        computes: Computes,
        clock: Clock,
        wake: Callable[[], None],
        most: int,
    ) -> None:
        """``most``: how many versions a service may have."""
        self._services = services
        self._store = store
        self._rollouts = rollouts
        self._contents = contents
        self._environments = environments
        self._computes = computes
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
        now = self._clock.now()

        def decide(present: Service, versions: Sequence[ServiceVersion]) -> Edit:
            old = check_new(present, versions, request, self._most)
            if old is not None:
                self._check_compared(present, old.name, "changed")
            if request.traffic is not None or request.is_default or request.strategy:
                self._check_free(present)
            version = made(present, old, request, now)
            after = with_marks(
                present,
                [*(v for v in versions if v.name != version.name), version],
                version.name,
                traffic=request.traffic,
                is_default=request.is_default or None,
                is_control=request.is_control or None,
            )
            revision = new_revision(present, version.name, resolved, now)
            what = "version created" if old is None else "version updated"
            told = event(
                present,
                now,
                who,
                what,
                version=version.name,
                before=self._facts(present, old, self._content(present.id, old)),
                after=self._facts(after, version, resolved.content),
                why=f"strategy {request.strategy}" if request.strategy else "",
            )
            changes = _with(version, running_on(after, versions, now))
            return Edit(after, changes, revision, events=(told,))

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
            base = to_wire(self._wanted(found, name).content)
            resolved = self._resolve(found, name, with_parts(base, change))
        now = self._clock.now()

        def decide(present: Service, versions: Sequence[ServiceVersion]) -> Edit:
            old = find_version(present, versions, name)
            check_stays(present, old)
            new = changed(old, change, now)
            if change.traffic is not None or change.is_default:
                self._check_free(present)
            if resolved is not None:
                self._check_compared(present, name, "changed")
            if old.enabled and not new.enabled:
                self._check_compared(present, name, "stopped")
                check_unused(present, versions, name, "stop")
            after = with_marks(
                present,
                [*(v for v in versions if v.name != name), new],
                name,
                traffic=change.traffic,
                is_default=change.is_default,
                is_control=change.is_control,
            )
            revision = new_revision(present, name, resolved, now) if resolved else None
            content = self._content(present.id, old)
            told = event(
                present,
                now,
                who,
                _what(old, new),
                version=name,
                before=self._facts(present, old, content),
                after=self._facts(after, new, resolved.content if resolved else content),
            )
            changes = _with(new, running_on(after, versions, now))
            return Edit(after, changes, revision, events=_if_any(told))

        return self._edit(found, decide)

    def delete(self, workspace: str, service: str, name: str, who: str = "") -> Service:
        """
        Its fronts finish what they have, and then it is gone. Repeatable until then.

        Raises NotFound, InUse when it has traffic, is the default or is rolled out.
        """
        found = self._services.get(workspace, service)
        now = self._clock.now()

        def decide(present: Service, versions: Sequence[ServiceVersion]) -> Edit:
            old = find_version(present, versions, name)
            if old.deleting:
                return Edit(present)
            self._check_compared(present, name, "deleted")
            check_unused(present, versions, name, "delete")
            after = without_version(present, name)
            told = event(
                present,
                now,
                who,
                "version deleted",
                version=name,
                before=self._facts(present, old, self._content(present.id, old)),
                after=traffic_facts(after),
            )
            gone = replace(old, deleting=True, switch=None, stop_at=None, updated=now)
            return Edit(after, (gone,), events=(told,))

        return self._edit(found, decide)

    def _edit(
        self, service: Service, decide: Callable[[Service, Sequence[ServiceVersion]], Edit]
    ) -> Service:
        edit = self._store.edit(service.id, decide)
        self._wake()
        return edit.service

    def _asked(self, service: Service, request: wire.VersionRequest) -> Content:
        """What is asked for, with the default version's where nothing was said."""
        base = self._base(service) if request.inherit else None
        content = filled(request.content, base)
        parts: dict[str, Any] = {}
        if request.models is not None:
            parts = {"models": request.models, "local_models": []}
        if request.local_models is not None:
            parts["local_models"] = request.local_models
        return with_parts(content, wire.VersionChange(**parts))

    def _base(self, service: Service) -> Content | None:
        versions = {v.name: v.wanted for v in self._store.versions(service.id)}
        wanted = versions.get(service.default_version)
        return next(
            (
                to_wire(r.content)
                for r in self._store.revisions(service.id)
                if r.version == service.default_version and r.number == wanted
            ),
            None,
        )

    def _resolve(self, service: Service, version: str, content: Content) -> Resolved:
        resolved = self._contents.resolve(service.workspace, content)
        self._computes.check_room(
            service.workspace, service.compute, resolved.content, service.name, version
        )
        self._environments.ensure_build(resolved.recipe)
        return resolved

    def _wanted(self, service: Service, name: str) -> Revision:
        version = find_version(service, self._store.versions(service.id), name)
        for revision in self._store.revisions(service.id):
            if revision.version == name and revision.number == version.wanted:
                return revision
        raise Conflict(
            f"Version {name!r} of service {service.name!r} has no content to change; make it anew."
        )

    def _content(self, service: str, version: ServiceVersion | None) -> RevisionContent | None:
        if version is None:
            return None
        own = (r for r in self._store.revisions(service) if r.version == version.name)
        return next((r.content for r in own if r.number == version.wanted), None)

    def _check_free(self, service: Service) -> None:
        check_traffic_free(self._rollouts, service, "its traffic cannot be changed")

    def _check_compared(self, service: Service, version: str, how: str) -> None:
        doing = f"version {version!r} cannot be {how}"
        check_version_free(self._rollouts, service, version, doing)

    @staticmethod
    def _facts(
        service: Service, version: ServiceVersion | None, content: RevisionContent | None
    ) -> dict[str, Any]:
        if version is None:
            return traffic_facts(service)
        return {
            **traffic_facts(service),
            **content_facts(content),
            "description": version.description,
            "tags": dict(version.tags),
            "properties": dict(version.properties),
            "enabled": version.enabled,
        }


def _what(old: ServiceVersion, new: ServiceVersion) -> str:
    if old.enabled == new.enabled:
        return "version updated"
    return "version started" if new.enabled else "version stopped"


def _with(version: ServiceVersion, others: Sequence[ServiceVersion]) -> tuple[ServiceVersion, ...]:
    return (version, *(other for other in others if other.name != version.name))


def _if_any(told: Event) -> tuple[Event, ...]:
    """Nothing is told of a change that changes nothing."""
    return (told,) if told.before or told.after else ()
