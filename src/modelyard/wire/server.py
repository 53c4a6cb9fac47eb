"""The server itself: its health and state."""

from typing import Any

from modelyard.wire.base import Wire


class Health(Wire):
    """The server answers; ``version`` is its release."""

    status: str
    version: str


class ProcessInfo(Wire):
    """One process under the supervisor."""

    name: str
    state: str
    pid: int | None = None
    restarts: int = 0
    memory: int | None = None


class ServerStatus(Wire):
    """What runs, where it lies, how much disk (bytes) each workspace and part uses."""

    version: str
    url: str
    home: str
    database: str
    processes: list[ProcessInfo] = []
    disk: dict[str, int] = {}
    cores: float = 0
    memory: int = 0
    services: int = 0
    details: dict[str, Any] = {}
