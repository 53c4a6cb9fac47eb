"""The bounded queue in which requests wait for a worker."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from modelyard.serving.refusals import queue_full
from modelyard.serving.tickets import Ticket

SMALL = 64 * 1024
"""Bytes of body up to which a request may travel in a lot with others."""


class WaitingQueue:
    """First in, first out; what a dead worker never started comes back to the head."""

    def __init__(self, limit: int, wait: float) -> None:
        self.limit = limit
        self.wait = wait
        self._waiting: deque[Ticket] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether the next request will be refused."""
        return len(self._waiting) >= self.limit

    def check(self) -> None:
        """Raises the 503 that a request would get now; called before its body is read."""
        if len(self._waiting) >= self.limit:
            raise queue_full(self.limit, round(self.wait))

    def put(self, ticket: Ticket, now: float) -> None:
        """Wait at the end. Raises the 503 when there is no place."""
        if len(self._waiting) >= self.limit:
            self.check()
        ticket.wait_until = now + self.wait
        self._waiting.append(ticket)

    def put_back(self, tickets: Iterable[Ticket], now: float) -> None:
        """Wait at the head again, in the same order; the limit does not count here."""
        back = list(tickets)
        for ticket in back:
            ticket.wait_until = now + self.wait
        self._waiting.extendleft(reversed(back))

    def take(self, count: int) -> list[Ticket]:
        """Up to ``count`` from the head; a large one comes alone, never within a lot."""
        if count == 1:
            return [self._waiting.popleft()] if self._waiting else []
        taken: list[Ticket] = []
        while self._waiting and len(taken) < count:
            if taken and len(self._waiting[0].body) > SMALL:
                break
            taken.append(self._waiting.popleft())
        return taken

    def pick(self, wanted: Callable[[Ticket], bool], limit: int) -> list[Ticket]:
        """Up to ``limit`` that are wanted, asked from the head; the others keep their order."""
        taken: list[Ticket] = []
        left: list[Ticket] = []
        while self._waiting and len(taken) < limit:
            ticket = self._waiting.popleft()
            (taken if wanted(ticket) else left).append(ticket)
        self._waiting.extendleft(reversed(left))
        return taken

    def untake(self, tickets: Sequence[Ticket]) -> None:
        """Put back at the head what was taken a moment ago, as if it had not been."""
        self._waiting.extendleft(reversed(tickets))

    def remove(self, ticket: Ticket) -> bool:
        """Take out one whose client has gone; False when it does not wait here."""
        try:
            self._waiting.remove(ticket)
        except ValueError:
            return False
        return True

    def clear(self) -> list[Ticket]:
        """Take out all."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def expired(self, now: float) -> list[Ticket]:
        """Take out those that have waited long enough."""
        late = [ticket for ticket in self._waiting if ticket.wait_until <= now]
        for ticket in late:
            self._waiting.remove(ticket)
        return late

    def __iter__(self) -> Iterator[Ticket]:
        return iter(self._waiting)
