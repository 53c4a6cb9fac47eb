"""Services, their versions, revisions and keys in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.domain.events import Event
from modelyard.domain.services import (
    NEWEST,
    Edit,
    Keys,
    Revision,
    Service,
    ServiceVersion,
    Stored,
)
from modelyard.testing.stores.events import add_event
from modelyard.testing.stores.memory import Memory, kept


class MemoryServiceStore:
    """``ServiceStore`` in memory; keys are kept as they are."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, service: Service, keys: Keys) -> None:
        memory = self._memory
        with memory.lock:
            memory.check_workspace(service.workspace)
            taken = {(known.workspace, known.name) for known in memory.services.values()}
            if (service.workspace, service.name) in taken or service.id in memory.services:
                raise AlreadyExists(
                    f"There is a service {service.name!r} in workspace {service.workspace!r} "
                    "already. Update it, delete it, or take another name."
                )
            memory.services[service.id], memory.keys[service.id] = kept(service), keys

    def get(self, workspace: str, name: str) -> Service:
        with self._memory.lock:
            for service in self._memory.services.values():
                if (service.workspace, service.name) == (workspace, name):
                    return kept(service)
        raise NotFound(f"There is no service {name!r} in workspace {workspace!r}.")

    def list(self, workspace: str | None = None) -> Sequence[Service]:
        with self._memory.lock:
            found = sorted(self._memory.services.values(), key=lambda s: (s.workspace, s.name))
            return [kept(service) for service in found if workspace in {None, service.workspace}]

    def everything(self) -> Sequence[Stored]:
        with self._memory.lock:
            return [
                Stored(
                    service,
                    self.versions(service.id),
                    self.revisions(service.id),
                    self.keys(service.id),
                )
                for service in self.list()
            ]

    def change(
        self,
        id: str,
        decide: Callable[[Service], Service],
        note: Callable[[Service, Service], Event | None] | None = None,
    ) -> Service:
        with self._memory.lock:
            before = self._find(id)
            after = replace(
                decide(kept(before)), id=id, workspace=before.workspace, name=before.name
            )
            self._memory.services[id] = kept(after)
            if note is not None:
                add_event(self._memory, note(before, after))
            return after

    def edit(self, id: str, decide: Callable[[Service, Sequence[ServiceVersion]], Edit]) -> Edit:
        with self._memory.undone():
            before = self._find(id)
            edit = decide(kept(before), self.versions(id))
            after = self.change(id, lambda _: edit.service)
            revision = edit.revision and self.add_revision(replace(edit.revision, service=id))
            versions = [self._written(id, version, revision) for version in edit.versions]
            if edit.keys is not None:
                self.set_keys(id, edit.keys)
            for event in edit.events:
                add_event(self._memory, event)
            return replace(edit, service=after, versions=tuple(versions), revision=revision)

    def _written(
        self, id: str, version: ServiceVersion, revision: Revision | None
    ) -> ServiceVersion:
        switch = version.switch
        if switch == NEWEST:
            switch = revision.number if revision and revision.version == version.name else None
        return self.change_version(id, version.name, lambda _: replace(version, switch=switch))

    def remove(self, id: str) -> None:
        memory = self._memory
        with memory.lock:
            service = memory.services.pop(id, None)
            memory.keys.pop(id, None)
            for key in [key for key in memory.versions if key[0] == id]:
                del memory.versions[key]
                if service is not None:
                    memory.counters.pop((service.workspace, *key), None)
            for revision in [r for r in memory.revisions.values() if r.service == id]:
                del memory.revisions[revision.id]

    def keys(self, id: str) -> Keys:
        with self._memory.lock:
            self._find(id)
            return self._memory.keys[id]

    def set_keys(self, id: str, keys: Keys) -> None:
        with self._memory.lock:
            self._find(id)
            self._memory.keys[id] = keys

    def add_revision(self, revision: Revision) -> Revision:
        memory, key = self._memory, (revision.service, revision.version)
        with memory.lock:
            service = self._find(revision.service)
            if revision.id in memory.revisions:
                raise AlreadyExists(f"There is a revision {revision.id!r} already.")
            number = memory.next(service.workspace, *key)
            present = memory.versions.get(key) or ServiceVersion(*key, wanted=number)
            memory.versions[key] = replace(present, wanted=number)
            added = kept(replace(revision, number=number))
            memory.revisions[added.id] = added
            return added

    def versions(self, service: str) -> Sequence[ServiceVersion]:
        with self._memory.lock:
            found = sorted(self._memory.versions.items())
            return [version for key, version in found if key[0] == service]

    def change_version(
        self,
        service: str,
        version: str,
        decide: Callable[[ServiceVersion], ServiceVersion],
        event: Event | None = None,
    ) -> ServiceVersion:
        memory = self._memory
        with memory.lock:
            before = memory.versions.get((service, version))
            if before is None:
                raise NotFound(f"Service {service!r} has no version {version!r}.")
            fixed = {"service": service, "name": version}
            numbers = {"wanted": before.wanted, "live": before.live}
            after = kept(replace(decide(kept(before)), **fixed, **numbers))  # type: ignore[arg-type]
            memory.versions[service, version] = after
            add_event(memory, event)
            return after

    def remove_version(self, service: str, version: str) -> None:
        memory = self._memory
        with memory.lock:
            memory.versions.pop((service, version), None)
            mine = [r for r in memory.revisions.values() if r.service == service]
            for revision in [r for r in mine if r.version == version]:
                del memory.revisions[revision.id]

    def set_live(self, service: str, version: str, number: int | None) -> None:
        memory = self._memory
        with memory.lock:
            numbers = {r.number for r in self.revisions(service) if r.version == version}
            if number is not None and number not in numbers:
                raise NotFound(
                    f"Version {version!r} of service {service!r} has no revision {number}."
                )
            if (service, version) not in memory.versions:
                raise NotFound(f"Service {service!r} has no version {version!r}.")
            present = memory.versions[service, version]
            memory.versions[service, version] = replace(present, live=number)

    def revisions(self, service: str) -> Sequence[Revision]:
        with self._memory.lock:
            mine = [r for r in self._memory.revisions.values() if r.service == service]
        return [kept(r) for r in sorted(mine, key=lambda r: (r.version, r.number))]

    def update_revision(self, revision: Revision) -> None:
        with self._memory.lock:
            present = self._memory.revisions.get(revision.id)
            if present is None:
                raise NotFound(f"There is no revision {revision.id!r}.")
            changed = replace(
                present, state=revision.state, error=revision.error, notes=revision.notes
            )
            self._memory.revisions[revision.id] = kept(changed)

    def remove_revision(self, id: str) -> None:
        with self._memory.lock:
            self._memory.revisions.pop(id, None)

    def references(self) -> Iterator[str]:
        with self._memory.lock:
            contents = [revision.content for revision in self._memory.revisions.values()]
        digests = {content.source for content in contents}
        digests |= {model.manifest for content in contents for model in content.models}
        yield from sorted(digests - {""})

    def _find(self, id: str) -> Service:
        try:
            return self._memory.services[id]
        except KeyError:
            raise NotFound(f"There is no service with id {id!r}.") from None
