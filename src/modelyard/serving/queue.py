"""The bounded queue in which requests wait for a worker."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import ceil

from modelyard.serving.refusals import Refusal, cold_start_timeout, queue_full, queue_timeout
from modelyard.serving.tickets import Ticket

SMALL = 64 * 1024
"""Bytes of body up to which a request may travel in a lot with others."""


class WaitingQueue:
    """
    First in, first out; what a dead worker never started comes back to the head.

    With a ``concurrency`` above 1 each worker may have so many requests, of which it runs one.
    Those that it may have besides are the first in here: they are not among the ``limit`` and
    wait as long as they must. So whoever is free takes the next, and none waits for one worker.

    While workers start after a rest (``hold``) requests wait longer than the usual ``wait``.
    """

    def __init__(self, limit: int, wait: float, concurrency: int = 1) -> None:
        self.wait = wait
        self._usual = wait
        self._return_in = round(wait)
        self._held = False
        self._waiting: deque[Ticket] = deque()
        self._besides = concurrency - 1
        self._of_workers = 0
        self._most = limit
        self._limit = limit

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def limit(self) -> int:
        """How many may wait beyond those that workers may have."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._most = limit + self._of_workers

    @property
    def besides(self) -> int:
        """How many a worker may have besides the one that it runs."""
        return self._besides

    def serve(self, workers: int) -> None:
        """So many workers take from it."""
        self._of_workers = self._besides * workers
        self._most = self._limit + self._of_workers

    def hold(self, seconds: float, return_in: int) -> None:
        """
        No worker runs until a request comes: it waits so long for one to start.

        ``return_in``: seconds after which to come back when there is no place.
        """
        self.wait, self._return_in, self._held = seconds, return_in, True

    def release(self, now: float) -> None:
        """A worker is there: from now on all wait as usual."""
        self.wait, self._return_in, self._held = self._usual, round(self._usual), False
        for ticket in self._waiting:
            ticket.wait_until = min(ticket.wait_until, now + self.wait)

    def late(self) -> Refusal:
        """What one gets that has waited long enough."""
        if self._held:
            return cold_start_timeout(self.wait, self._return_in)
        return queue_timeout(self.wait, self._return_in)

    def oldest(self, now: float) -> float:
        """Seconds since the first of them came; 0.0 when none waits."""
        return now - self._waiting[0].taken if self._waiting else 0.0

    @property
    def full(self) -> bool:
        """Whether another one would be refused; asked before its body is read."""
        return len(self._waiting) >= self._most

    def no_place(self, now: float) -> Refusal:
        """
        What one gets then: to come back when all who wait now will have had their turn.

        That takes about as long as the oldest of them has waited.
        """
        if self._held:
            return queue_full(self._most, self._return_in)
        return queue_full(self._most, max(1, min(self._return_in, ceil(self.oldest(now)))))

    def put(self, ticket: Ticket, now: float) -> None:
        """Wait at the end. Raises the 503 when there is no place."""
        if self.full:
            raise self.no_place(now)
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
        """Take out those that have waited long enough, but for those that workers may have."""
        beyond = islice(self._waiting, self._of_workers, None)
        late = [ticket for ticket in beyond if ticket.wait_until <= now]
        for ticket in late:
            self._waiting.remove(ticket)
        return late

    def __iter__(self) -> Iterator[Ticket]:
        return iter(self._waiting)
