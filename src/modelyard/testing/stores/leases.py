"""The leader lease in memory."""

from modelyard.domain.leases import Lease, ProcessIdentity
from modelyard.testing.stores.memory import Memory


class MemoryLeaseStore:
    """``LeaseStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def read(self) -> Lease | None:
        return self._memory.lease

    def take(self, holder: ProcessIdentity, expected: Lease | None) -> Lease | None:
        with self._memory.lock:
            if self._memory.lease != expected:
                return None
            self._memory.lease = Lease(holder, 1 if expected is None else expected.epoch + 1)
            return self._memory.lease
