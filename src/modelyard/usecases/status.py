"""The server's own state."""

from collections.abc import Callable
from pathlib import Path

from modelyard.ports import ServiceStore, Supervision
from modelyard.usecases.disk import DiskUse
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
        services: ServiceStore,
        disk: DiskUse,
        capacity: Callable[[], Capacity],
        memory_of: Callable[[int], int | None],
    ) -> None:
        self._version = version
        self._url = url
        self._home = home
        self._database = database
        self._supervision = supervision
        self._services = services
        self._disk = disk
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
            disk=self._disk.show(),
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
