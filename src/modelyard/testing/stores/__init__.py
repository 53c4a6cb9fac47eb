"""All stores in memory: small, real implementations that pass the same suites as SQL."""

from modelyard.stores.stores import Stores
from modelyard.testing.stores.blobs import MemoryBlobStore
from modelyard.testing.stores.computes import MemoryComputeStore
from modelyard.testing.stores.environments import MemoryEnvironmentStore
from modelyard.testing.stores.events import MemoryEventStore
from modelyard.testing.stores.experiments import MemoryExperimentStore
from modelyard.testing.stores.images import MemoryImageStore
from modelyard.testing.stores.leases import MemoryLeaseStore
from modelyard.testing.stores.memory import Memory
from modelyard.testing.stores.models import MemoryModelStore
from modelyard.testing.stores.rollouts import MemoryRolloutStore
from modelyard.testing.stores.runs import MemoryRunStore
from modelyard.testing.stores.services import MemoryServiceStore
from modelyard.testing.stores.snapshots import MemorySnapshotStore
from modelyard.testing.stores.tokens import MemoryTokenStore
from modelyard.testing.stores.usage import MemoryUsageStore
from modelyard.testing.stores.workspaces import MemoryWorkspaceStore

__all__ = [
    "MemoryBlobStore",
    "MemoryComputeStore",
    "MemoryEnvironmentStore",
    "MemoryEventStore",
    "MemoryExperimentStore",
    "MemoryImageStore",
    "MemoryLeaseStore",
    "MemoryModelStore",
    "MemoryRolloutStore",
    "MemoryRunStore",
    "MemoryServiceStore",
    "MemorySnapshotStore",
    "MemoryTokenStore",
    "MemoryUsageStore",
    "MemoryWorkspaceStore",
    "memory_stores",
]


def memory_stores() -> Stores:
    """All stores of metadata over one new memory."""
    memory = Memory()
    return Stores(
        workspaces=MemoryWorkspaceStore(memory),
        experiments=MemoryExperimentStore(memory),
        runs=MemoryRunStore(memory),
        models=MemoryModelStore(memory),
        images=MemoryImageStore(memory),
        environments=MemoryEnvironmentStore(memory),
        services=MemoryServiceStore(memory),
        tokens=MemoryTokenStore(memory),
        leases=MemoryLeaseStore(memory),
        snapshots=MemorySnapshotStore(memory),
        usage=MemoryUsageStore(memory),
        events=MemoryEventStore(memory),
        rollouts=MemoryRolloutStore(memory),
        computes=MemoryComputeStore(memory),
    )
