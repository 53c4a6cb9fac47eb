"""Compute targets: named shares of this machine, and what is left of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from modelyard.domain.computes import Compute
from modelyard.domain.errors import AlreadyExists, BadInput, InUse, NoCapacity, NotFound
from modelyard.domain.names import check_name
from modelyard.domain.services import RevisionContent, Service
from modelyard.ports import Clock, ComputeStore, ServiceStore, WorkspaceStore
from modelyard.usecases.compute_sizes import (
    Use,
    bounds,
    checked_kind,
    checked_nodes,
    checked_size,
    size_notes,
    too_small,
    use_of,
)
from modelyard.usecases.limits import GB, Capacity
from modelyard.usecases.near import did_you_mean
from modelyard.wire import computes as wire


class Computes:
    """What people do with compute targets, and whether a version still fits on one."""

    def __init__(
        self,
        store: ComputeStore,
        workspaces: WorkspaceStore,
        services: ServiceStore,
        capacity: Callable[[], Capacity],
        clock: Clock,
    ) -> None:
        self._store = store
        self._workspaces = workspaces
        self._services = services
        self._capacity = capacity
        self._clock = clock

    def create(self, workspace: str, request: wire.ComputeRequest) -> Compute:
        """
        Make or attach one. Asked for again in the same words it is given back; one to attach
        also where it was made here.

        Raises BadName, BadInput, NotFound without workspace, AlreadyExists.
        """
        self._workspaces.get(workspace)
        now = self._clock.now()
        cpu, memory = bounds(checked_size(request), self._capacity())
        wanted = Compute(
            workspace=workspace,
            name=check_name("compute", request.name),
            kind=checked_kind(request.kind),
            created=now,
            updated=now,
            cpu=cpu,
            memory=memory,
            nodes=checked_nodes(request.nodes),
            attached=request.attached,
            configuration=request.configuration,
            description=request.description,
            tags=request.tags,
        )
        try:
            self._store.add(wanted)
        except AlreadyExists:
            found = self._store.get(workspace, request.name)
            same = replace(found, created=now, updated=now) == wanted
            # what is there already can be attached under its own name
            if same or (wanted.attached and found.kind == wanted.kind):
                return found
            raise AlreadyExists(
                f"There is a compute target {found.name!r} in workspace {workspace!r} already, "
                f"another {found.kind} than the one asked for. Use it as it is: "
                f"ComputeTarget(ws, {found.name!r}); or delete it first."
            ) from None
        return wanted

    def get(self, workspace: str, name: str) -> Compute:
        """Raises NotFound, naming those there are."""
        try:
            return self._store.get(workspace, name)
        except NotFound as error:
            self._workspaces.get(workspace)
            known = [compute.name for compute in self._store.list(workspace)]
            raise NotFound(f"{error.message} {did_you_mean(name, known)}") from None

    def list(self, workspace: str) -> Sequence[Compute]:
        """By name. Raises NotFound without the workspace."""
        self._workspaces.get(workspace)
        return self._store.list(workspace)

    def change(self, workspace: str, name: str, change: wire.ComputeChange) -> Compute:
        """Change what is not None. Raises NotFound, BadInput."""
        found = self.get(workspace, name)
        nodes = found.nodes if change.nodes is None else checked_nodes(change.nodes)
        description = found.description if change.description is None else change.description
        changed = replace(
            found,
            nodes=nodes,
            configuration={**found.configuration, **(change.configuration or {})},
            description=description,
            tags=found.tags if change.tags is None else change.tags,
            updated=self._clock.now(),
        )
        self._store.update(changed)
        return changed

    def delete(self, workspace: str, name: str) -> None:
        """Raises NotFound, InUse naming the services that were deployed to it."""
        found = self.get(workspace, name)
        services = [service.name for service in self._deployed_to(found)]
        if services:
            raise InUse(
                f"Services were deployed to the compute target {name!r}: {', '.join(services)}. "
                "Delete them, or deploy them elsewhere, first.",
                details={"services": services},
            )
        self._store.remove(workspace, name)

    def view(self, compute: Compute) -> wire.Compute:
        """As it goes over the wire, with what is deployed to it."""
        services = self._deployed_to(compute)
        used = _sum(use_of(content) for _, _, content in self._contents(services))
        return wire.Compute(
            workspace=compute.workspace,
            name=compute.name,
            kind=compute.kind,
            created=compute.created,
            updated=compute.updated,
            cpu=compute.cpu,
            memory_gb=None if compute.memory is None else compute.memory / GB,
            nodes=compute.nodes,
            attached=compute.attached,
            configuration=dict(compute.configuration),
            description=compute.description,
            tags=dict(compute.tags),
            used_cpu=used.cpu,
            used_memory_gb=used.memory / GB,
            services=[service.name for service in services],
            notes=size_notes(compute, self._capacity()),
        )

    def check_room(
        self, workspace: str, name: str, content: RevisionContent, service: str, version: str
    ) -> None:
        """
        Whether a version of a service (named, it need not be there yet) fits on the target beside
        all others. With ``name`` '' there is no target and nothing to check.

        Raises BadInput naming the targets there are, NoCapacity naming what is asked and used.
        """
        if not name:
            return
        try:
            compute = self.get(workspace, name)
        except NotFound as error:
            raise BadInput(error.message, details={"field": "compute"}) from None
        others = [
            use_of(found)
            for its_service, its_version, found in self._contents(self._deployed_to(compute))
            if (its_service, its_version) != (service, version)
        ]
        problem = too_small(compute, use_of(content), _sum(others))
        if problem:
            raise NoCapacity(problem, details={"compute": name})

    def _deployed_to(self, compute: Compute) -> Sequence[Service]:
        found = self._services.list(compute.workspace)
        return [s for s in found if s.compute == compute.name and not s.deleting]

    def _contents(self, services: Sequence[Service]) -> Iterable[tuple[str, str, RevisionContent]]:
        """What each version shall run, with the names of its service and its own."""
        for service in services:
            versions = self._services.versions(service.id)
            wanted = {v.name: v.wanted for v in versions if not v.deleting}
            for revision in self._services.revisions(service.id):
                if wanted.get(revision.version) == revision.number:
                    yield service.name, revision.version, revision.content


def _sum(uses: Iterable[Use]) -> Use:
    total = Use()
    for use in uses:
        total = Use(total.cpu + use.cpu, total.memory + use.memory)
    return total
