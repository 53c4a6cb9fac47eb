"""The server's own state."""

from collections.abc import Callable
from pathlib import Path

from modelyard.ports import (
    BlobStore,
    EnvironmentBuilder,
    ModelStore,
    ServiceStore,
    Supervision,
    WorkspaceStore,
)
from modelyard.usecases.limits import Capacity
from modelyard.wire.server import Health, ProcessInfo, ServerStatus


class Status:
    """What people ask to know how the server is."""

    def __init__(
        self,
        *,
        version: str,
        url: str,
        home: Path,
        database: str,
        supervision: Supervision,
        workspaces: WorkspaceStore,
        models: ModelStore,
        services: ServiceStore,
        blobs: BlobStore,
        builder: EnvironmentBuilder,
        capacity: Callable[[], Capacity],
        memory_of: Callable[[int], int | None],
    ) -> None:
        self._version = version
        self._url = url
        self._home = home
        self._database = database
        self._supervision = supervision
        self._workspaces = workspaces
        self._models = models
        self._services = services
        self._blobs = blobs
        self._builder = builder
        self._capacity = capacity
        self._memory_of = memory_of

    def health(self) -> Health:
        """The server answers."""
        return Health(status="ok", version=self._version)

    def show(self) -> ServerStatus:
        """Processes, disk and size."""
        capacity = self._capacity()
        services = self._services.list()
        return ServerStatus(
            version=self._version,
            url=self._url,
            home=str(self._home),
            database=self._database,
            processes=self._processes(),
            disk=self._disk(),
            cores=capacity.cores,
            memory=capacity.memory,
            services=len(services),
            details={"gpus": capacity.gpus},
        )

    def _processes(self) -> list[ProcessInfo]:
        return [
            ProcessInfo(
                name=name,
                state=status.state,
                pid=status.pid,
                restarts=status.restarts,
                memory=None if status.pid is None else self._memory_of(status.pid),
            )
            for name, status in sorted(self._supervision.statuses().items())
        ]

    def _disk(self) -> dict[str, int]:
        """Bytes by part, and by workspace what its models would take (equal files count twice)."""
        built = [self._builder.find(digest) for digest in self._builder.digests()]
        disk = {"files": self._blobs.usage(), "environments": sum(b.size for b in built if b)}
        for workspace in self._workspaces.list():
            models = self._models.list(workspace.name)
            disk[f"workspace {workspace.name}"] = sum(model.size for model in models)
        return disk
