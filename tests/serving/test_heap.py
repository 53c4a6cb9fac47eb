"""Memory that large bodies have left is kept for the next one, and not for longer."""

from collections.abc import Callable

from modelyard.serving.heap import QUIET_SECONDS, Heap


class Clock:
    """What was asked to be called later, called by hand."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None]]] = []
        self.released = 0

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.waiting.append((seconds, call))

    def release(self) -> None:
        self.released += 1

    def ring(self) -> None:
        _, call = self.waiting.pop(0)
        call()


def test_what_is_kept_goes_when_no_large_body_has_come_for_a_while() -> None:
    clock = Clock()
    heap = Heap(clock.later, clock.release)

    heap.use()
    heap.use()
    clock.ring()
    after_the_first_look = clock.released
    clock.ring()

    assert after_the_first_look == 0
    assert clock.released == 1
    assert clock.waiting == []


def test_nothing_is_let_go_while_large_bodies_come() -> None:
    clock = Clock()
    heap = Heap(clock.later, clock.release)

    for _ in range(5):
        heap.use()
        clock.ring()

    assert clock.released == 0
    assert [seconds for seconds, _ in clock.waiting] == [QUIET_SECONDS]


def test_a_body_after_a_pause_is_looked_after_again() -> None:
    clock = Clock()
    heap = Heap(clock.later, clock.release)
    heap.use()
    clock.ring()
    clock.ring()

    heap.use()
    clock.ring()
    clock.ring()

    assert clock.released == 2
