"""Leading: only one control plane acts at a time."""

from collections.abc import Callable

from modelyard.domain.leases import Lease, ProcessIdentity
from modelyard.ports import LeaseStore


class Leadership:
    """Takes the lease when it is free or its holder is dead, and sees when it is lost."""

    def __init__(
        self, store: LeaseStore, me: ProcessIdentity, alive: Callable[[ProcessIdentity], bool]
    ) -> None:
        self._store = store
        self._me = me
        self._alive = alive

    def epoch(self) -> int | None:
        """The epoch in which this process leads, or None. Asks the store each time."""
        lease = self._store.read()
        if lease is not None and lease.holder == self._me:
            return lease.epoch
        if not may_take(lease, self._me, self._alive):
            return None
        taken = self._store.take(self._me, lease)
        return None if taken is None else taken.epoch


def may_take(
    lease: Lease | None, me: ProcessIdentity, alive: Callable[[ProcessIdentity], bool]
) -> bool:
    """Free, of another boot of the machine, or of a process that is no more."""
    if lease is None or lease.holder.boot_id != me.boot_id:
        return True
    return not alive(lease.holder)
