"""All stores of metadata together, as a process is given them."""

from collections.abc import Callable
from dataclasses import dataclass

from modelyard.ports import (
    ComputeStore,
    EnvironmentStore,
    EventStore,
    ExperimentStore,
    ImageStore,
    LeaseStore,
    ModelStore,
    RolloutStore,
    RunStore,
    ServiceStore,
    SnapshotStore,
    TokenStore,
    UsageStore,
    WorkspaceStore,
)


def _nothing() -> None:
    """What there is to close when nothing is open."""


@dataclass(frozen=True, slots=True)
class Stores:
    """One of each store, over the same data; ``close`` gives connections back (repeatable)."""

    workspaces: WorkspaceStore
    experiments: ExperimentStore
    runs: RunStore
    models: ModelStore
    images: ImageStore
    environments: EnvironmentStore
    services: ServiceStore
    tokens: TokenStore
    leases: LeaseStore
    snapshots: SnapshotStore
    usage: UsageStore
    events: EventStore
    rollouts: RolloutStore
    computes: ComputeStore
    close: Callable[[], None] = _nothing
