"""Compute targets: named shares of this machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from modelyard.domain.names import check_name


@dataclass(frozen=True, slots=True)
class Compute:
    """
    A share of this machine under a name, as Azure's scripts make and attach them.

    ``kind`` is Azure's: 'AKS', 'AmlCompute'. ``cpu`` in cores and ``memory`` in bytes bound what
    runs on it together; None: only the machine itself does. ``nodes``: how many jobs may run at
    once on an AmlCompute. ``configuration`` keeps Azure's arguments, to show. ``attached`` says
    that it was attached, not created: deleting it is then called detaching.
    """

    workspace: str
    name: str
    kind: str
    created: datetime
    updated: datetime
    cpu: float | None = None
    memory: int | None = None
    nodes: int | None = None
    attached: bool = False
    configuration: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name("compute", self.name)
