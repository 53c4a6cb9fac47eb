"""Only one control plane acts."""

import threading

import pytest

from modelyard.domain.errors import NotLeader, Unavailable
from modelyard.domain.leases import ProcessIdentity
from modelyard.testing.stores import memory_stores
from modelyard.usecases.leading import RETRY, Leader
from modelyard.usecases.lease import Leadership

ME = ProcessIdentity("boot", 1, 10)
OTHER = ProcessIdentity("boot", 2, 20)
BEFORE_REBOOT = ProcessIdentity("earlier boot", 2, 20)


class Counting:
    """Steps that count, and fail when told to."""

    def __init__(self) -> None:
        self.steps = 0
        self.failure: Exception | None = None

    def step(self) -> float:
        self.steps += 1
        if self.failure is not None:
            raise self.failure
        return 0.2


@pytest.mark.parametrize(
    ("holder", "alive", "leads"),
    [
        (None, False, True),
        (OTHER, True, False),
        (OTHER, False, True),
        (BEFORE_REBOOT, True, True),
        (ME, True, True),
    ],
)
def test_the_lease_is_taken_when_nobody_living_holds_it(
    holder: ProcessIdentity | None, alive: bool, leads: bool
) -> None:
    leases = memory_stores().leases
    if holder is not None:
        leases.take(holder, None)

    epoch = Leadership(leases, ME, lambda _: alive).epoch()

    assert (epoch is not None) is leads


def test_each_new_leader_has_a_higher_epoch() -> None:
    leases = memory_stores().leases
    first = Leadership(leases, OTHER, lambda _: False).epoch()
    second = Leadership(leases, ME, lambda _: False).epoch()

    assert first is not None
    assert second is not None
    assert second > first
    assert Leadership(leases, OTHER, lambda _: True).epoch() is None


def test_a_leader_begins_anew_after_losing_the_lease() -> None:
    begun: list[int] = []
    steps = Counting()

    def begin(epoch: int) -> Counting:
        begun.append(epoch)
        return steps

    leases = memory_stores().leases
    leader = Leader(Leadership(leases, ME, lambda _: False), begin, threading.Event())
    assert leader.round() == 0.2

    steps.failure = NotLeader("someone was faster")
    assert leader.round() == RETRY
    steps.failure = None
    assert leader.round() == 0.2

    assert len(begun) == 2


@pytest.mark.parametrize("failure", [Unavailable("no database"), RuntimeError("a fault")])
def test_a_failed_step_is_repeated(failure: Exception) -> None:
    steps = Counting()
    leases = memory_stores().leases
    leader = Leader(Leadership(leases, ME, lambda _: False), lambda _: steps, threading.Event())

    steps.failure = failure
    assert leader.round() == RETRY
    steps.failure = None
    assert leader.round() == 0.2


def test_the_thread_ends_when_told() -> None:
    steps = Counting()
    leases = memory_stores().leases
    leader = Leader(Leadership(leases, ME, lambda _: False), lambda _: steps, threading.Event())
    leader.start()

    leader.end()

    assert not leader.is_alive()
