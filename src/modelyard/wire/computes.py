"""Compute targets: named shares of this machine."""

from datetime import datetime
from typing import Any

from modelyard.wire.base import Request, Wire


class ComputeRequest(Request):
    """
    Makes or attaches a compute target.

    ``kind``: AKS or AmlCompute. ``cpu`` in cores and ``memory_gb`` (10^9 bytes) bound what runs on
    it together; None: only the machine does. ``nodes``: jobs at once on an AmlCompute.
    """

    name: str
    kind: str
    cpu: float | None = None
    memory_gb: float | None = None
    nodes: int | None = None
    attached: bool = False
    configuration: dict[str, Any] = {}
    description: str = ""
    tags: dict[str, str] = {}


class ComputeChange(Request):
    """Changes what is not None; ``configuration`` adds to what is kept."""

    nodes: int | None = None
    configuration: dict[str, Any] | None = None
    description: str | None = None
    tags: dict[str, str] | None = None


class Compute(Wire):
    """
    A compute target; ``used_cpu`` and ``used_memory_gb``: limits of what is deployed to it.

    ``notes`` say where its name promises more than this machine has.
    """

    workspace: str
    name: str
    kind: str
    created: datetime
    updated: datetime
    state: str = "Succeeded"
    cpu: float | None = None
    memory_gb: float | None = None
    nodes: int | None = None
    attached: bool = False
    configuration: dict[str, Any] = {}
    description: str = ""
    tags: dict[str, str] = {}
    used_cpu: float = 0.0
    used_memory_gb: float = 0.0
    services: list[str] = []
    notes: list[str] = []
