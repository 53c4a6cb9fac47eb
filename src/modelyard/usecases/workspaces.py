"""Workspaces: made, changed, deleted."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from modelyard.domain.errors import AlreadyExists, Conflict, InUse
from modelyard.domain.names import short_id
from modelyard.domain.workspaces import Workspace
from modelyard.ports import Clock, ServiceStore, WorkspaceStore
from modelyard.wire.workspaces import WorkspaceChange, WorkspaceRequest

SERVICES_END = 40.0
"""Seconds that deleting a workspace waits for its services to end."""

_PAUSE = threading.Event().wait


class Workspaces:
    """What people do with workspaces."""

    def __init__(
        self,
        store: WorkspaceStore,
        services: ServiceStore,
        clock: Clock,
        pause: Callable[[float], object] = _PAUSE,
    ) -> None:
        self._store = store
        self._services = services
        self._clock = clock
        self._pause = pause

    def create(self, request: WorkspaceRequest) -> Workspace:
        """The new one, or with ``exist_ok`` the one of that name. Raises AlreadyExists."""
        workspace = Workspace(
            id=short_id("ws-"),
            name=request.name,
            created=self._clock.now(),
            tags=request.tags,
            cloud=request.cloud,
        )
        try:
            self._store.add(workspace)
        except AlreadyExists:
            if request.exist_ok:
                return self._store.get(request.name)
            raise
        return workspace

    def get(self, name: str) -> Workspace:
        """Raises NotFound."""
        return self._store.get(name)

    def list(self) -> Sequence[Workspace]:
        """All, by name."""
        return self._store.list()

    def change(self, name: str, change: WorkspaceChange) -> Workspace:
        """Replace what the change names. Raises NotFound."""
        old = self._store.get(name)
        new = replace(
            old,
            tags=old.tags if change.tags is None else change.tags,
            cloud=old.cloud if change.cloud is None else change.cloud,
        )
        self._store.update(new)
        return new

    def delete(
        self, name: str, *, delete_services: Callable[[str, str], object] | None = None
    ) -> None:
        """
        Remove it with all that it holds, when its services that are being deleted are gone.

        Raises NotFound, InUse naming its services unless ``delete_services`` may end them,
        Conflict when they do not end in time.
        """
        self._store.get(name)
        alive = [s.name for s in self._services.list(name) if not s.deleting]
        if alive and delete_services is None:
            raise InUse(
                f"Workspace {name!r} still has the services {', '.join(alive)}. Delete them "
                "first, or ask for all that depends on it to be deleted.",
                details={"services": alive},
            )
        for service in alive:
            if delete_services is not None:
                delete_services(name, service)
        self._await_services(name)
        self._store.remove(name)

    def _await_services(self, name: str) -> None:
        deadline = self._clock.monotonic() + SERVICES_END
        while self._services.list(name):
            if self._clock.monotonic() >= deadline:
                raise Conflict(
                    f"The services of workspace {name!r} are still being stopped. Delete it again "
                    "in a moment."
                )
            self._pause(0.05)
