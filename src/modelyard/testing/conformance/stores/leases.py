"""What ``LeaseStore`` promises."""

from modelyard.domain.leases import Lease
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores.samples import at_once, process


class LeaseStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_nobody_leads_before_the_first(self, stores: Stores) -> None:
        assert stores.leases.read() is None

    def test_the_first_takes_epoch_one(self, stores: Stores) -> None:
        lease = stores.leases.take(process(1), None)

        assert lease == Lease(process(1), 1)
        assert stores.leases.read() == lease

    def test_the_epoch_grows_at_every_change(self, stores: Stores) -> None:
        first = stores.leases.take(process(1), None)

        second = stores.leases.take(process(2), first)

        assert second == Lease(process(2), 2)
        assert stores.leases.read() == second

    def test_who_expects_what_is_no_more_gets_nothing(self, stores: Stores) -> None:
        first = stores.leases.take(process(1), None)
        second = stores.leases.take(process(2), first)

        assert stores.leases.take(process(3), None) is None
        assert stores.leases.take(process(3), first) is None
        assert stores.leases.take(process(3), Lease(process(9), 2)) is None
        assert stores.leases.read() == second

    def test_of_sixteen_at_once_one_leads(self, stores: Stores) -> None:
        for expected in (None, Lease(process(0), 1)):
            if expected is not None:
                expected = stores.leases.read()

            taken = at_once(16, lambda pid, old=expected: stores.leases.take(process(pid), old))  # type: ignore[misc]

            (lease,) = [found for found in taken if found is not None]
            assert stores.leases.read() == lease
            assert lease.epoch == (1 if expected is None else expected.epoch + 1)
