"""Brings waiting requests to free workers, and settles what happens when one dies."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from modelyard.serving import decisions
from modelyard.serving.queue import WaitingQueue
from modelyard.serving.refusals import scoring_timeout, worker_crashed
from modelyard.serving.tickets import Ticket
from modelyard.serving.workers import Worker

SWEEP = 0.05
"""Seconds between looks at timeouts; there are none while nothing is under way."""

LOT_PATIENCE = 0.04
"""Seconds of run() after which what waits behind it in the same worker is asked back."""

TIMEOUT = "scoring timeout"
MEMORY = "memory limit"
STALLED = "stalled"
STALLED_SECONDS = 10.0
"""A worker that holds requests and begins none is given up after this, or the scoring timeout."""
_ATTEMPTS = 10


class Batches(Protocol):
    """Merges several requests into one ticket."""

    @property
    def on(self) -> bool:
        """Whether it does so now; else requests are given out one by one and in lots."""

    def patience(self, queue: WaitingQueue, now: float) -> float:
        """Seconds that an idle worker waits on; 0.0 when a batch may begin."""

    def take(self, queue: WaitingQueue, idle: int, room: int) -> list[Ticket]:
        """Out of the queue: what the next of ``idle`` workers gets, which may hold ``room``."""


class Pool:
    """
    The ready workers and the queue in front of them.

    Dispatch happens once per turn of the event loop, so that requests that came together travel
    together when nobody is free.
    """

    def __init__(
        self, queue: WaitingQueue, scoring_timeout: float, note: Callable[[str], None]
    ) -> None:
        self.queue = queue
        self.workers: list[Worker] = []
        self.served = 0
        self.batches: Batches | None = None
        self.failures: Callable[[Mapping[str, Any]], object] | None = None
        self.starved: Callable[[], None] | None = None
        """Called when requests wait and there is no worker, not even a busy one."""
        self._timed = False
        self._buried = 0.0
        self._timeout = scoring_timeout
        self._note = note
        self._loop = asyncio.get_running_loop()
        self._average: float | None = None
        self._dispatching = False
        self._retiring = False
        self._sweeping: asyncio.TimerHandle | None = None
        self._waking: asyncio.TimerHandle | None = None

    def submit(self, ticket: Ticket) -> None:
        """Queue a request. Raises the 503 when the queue is full."""
        self.queue.put(ticket, ticket.taken)
        if not self._dispatching:
            self._dispatching = True
            self._loop.call_soon(self._dispatch)

    def add(self, worker: Worker) -> None:
        """A worker is ready."""
        worker.timed = self._timed
        self.workers.append(worker)
        self._wake()

    def retire(self, worker: Worker) -> None:
        """Give it nothing more; it leaves when it has answered what it holds."""
        worker.retired = True
        self._retiring = True
        if not worker.held:
            worker.retire()

    def recall(self, worker: Worker) -> None:
        """It is wanted again: if it has not left yet, it stays."""
        if worker.recall():
            self._wake()

    def remove(self, worker: Worker, how: str, last_line: str) -> None:
        """A worker is dead: what it ran fails, what it never started waits at the head again."""
        if worker in self.workers:
            self.workers.remove(worker)
            self._buried += worker.busy_seconds(time.monotonic())
        lost, again = worker.losses()
        for ticket in lost:
            self._fail(ticket, worker, how, last_line)
        for ticket in [ticket for ticket in again if ticket.attempts >= _ATTEMPTS]:
            self._fail(ticket, worker, how, last_line)
            again.remove(ticket)
        self.queue.put_back([t for t in again if not t.cancelled], time.monotonic())
        self._wake()

    def time_workers(self) -> None:
        """Keep count of the time in which workers hold requests, from now on."""
        self._timed = True
        for worker in self.workers:
            worker.timed = True

    def busy_seconds(self, now: float) -> float:
        """Seconds in which ``timed`` workers held requests, of all that there are and were."""
        return self._buried + sum(worker.busy_seconds(now) for worker in self.workers)

    @property
    def held(self) -> int:
        """Requests that workers have."""
        return sum(len(worker.held) for worker in self.workers)

    def worker_free(self, run_ms: float | None) -> None:
        """A worker answered."""
        self.served += 1
        if run_ms is not None:
            self._average = decisions.average(self._average, run_ms)
        if self._retiring or len(self.queue):
            self._wake()

    def again(self, tickets: Sequence[Ticket], *, instead_of: int) -> None:
        """Requests of a batch that must be run alone, at the head of the queue."""
        self.served -= instead_of
        self.queue.put_back(tickets, time.monotonic())
        self._wake()

    def given_back(self, ticket: Ticket) -> None:
        """What was in a lot behind a slow request waits at the head again, as long as before."""
        ticket.attempts -= 1
        self.queue.untake([ticket])
        self._wake()

    def failed(self, fault: Mapping[str, Any]) -> None:
        """The user's code raised an exception: ``failures`` hears of it."""
        if self.failures is not None:
            self.failures(fault)

    def counted(self, more: int) -> None:
        """A worker's one answer was that of so many more requests."""
        self.served += more

    def note(self, text: str) -> None:
        """An event for the log."""
        self._note(text)

    def cancel(self, ticket: Ticket) -> None:
        """The client has gone."""
        if ticket.cancelled:
            return
        ticket.leave()
        if self.queue.remove(ticket):
            return
        for worker in self.workers:
            if ticket.id in worker.held:
                worker.cancel(ticket)

    def close(self, error: Exception) -> None:
        """The front stops: refuse what still waits."""
        for ticket in self.queue.clear():
            ticket.refuse(error)
        for timer in (self._sweeping, self._waking):
            if timer is not None:
                timer.cancel()
        self._sweeping = self._waking = None

    def _fail(self, ticket: Ticket, worker: Worker, how: str, last_line: str) -> None:
        if worker.killed_for == TIMEOUT:
            ticket.refuse(scoring_timeout(self._timeout))
        else:
            ticket.refuse(worker_crashed(how, last_line))

    def _wake(self) -> None:
        if not self._dispatching:
            self._dispatching = True
            self._loop.call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._dispatching = False
        workers = [worker for worker in self.workers if not worker.retired]
        waiting = len(self.queue)
        if waiting and not workers:
            if self.starved is not None:
                self.starved()
        elif waiting:
            if self.batches is not None and self.batches.on:
                self._give_batches(workers, self.batches)
            elif waiting == 1 and not workers[0].held:
                workers[0].give(self.queue.take(1), self._timeout)
            else:
                self._give(workers)
        self._retiring = len(workers) < len(self.workers)
        if self._retiring:
            self._let_go()
        if self._sweeping is None and (self.queue or any(worker.held for worker in self.workers)):
            self._sweeping = self._loop.call_later(SWEEP, self._sweep)

    def _give(self, workers: Sequence[Worker]) -> None:
        """One by one, and in lots where nobody is free."""
        room = decisions.capacity(self._average)
        held = [room if worker.slow else len(worker.held) for worker in workers]
        given = decisions.shares(len(self.queue), held, room)
        for worker, count in zip(workers, given, strict=True):
            if count and (tickets := self.queue.take(count)):
                worker.give(tickets, self._timeout)

    def _give_batches(self, workers: Sequence[Worker], batches: Batches) -> None:
        """Only an idle worker gets a batch: the next one forms while it runs."""
        idle = [worker for worker in workers if not worker.held]
        if idle and (delay := batches.patience(self.queue, time.monotonic())):
            if self._waking is None:
                self._waking = self._loop.call_later(delay, self._wake_for_batch)
            return
        room = decisions.capacity(self._average)
        for at, worker in enumerate(idle):
            if tickets := batches.take(self.queue, len(idle) - at, room):
                worker.give(tickets, self._timeout)

    def _wake_for_batch(self) -> None:
        self._waking = None
        self._wake()

    def _let_go(self) -> None:
        for worker in self.workers:
            if worker.retired and not worker.held:
                worker.retire()

    def _sweep(self) -> None:
        now = time.monotonic()
        self._sweeping = None
        for ticket in self.queue.expired(now):
            ticket.refuse(self.queue.late())
        for worker in self.workers:
            self._look_at(worker, now)
            self._look_behind(worker, now)
        if self.queue or any(worker.held for worker in self.workers):
            self._sweeping = self._loop.call_later(SWEEP, self._sweep)

    def _look_at(self, worker: Worker, now: float) -> None:
        overdue = worker.overdue(now, self._timeout)
        if overdue is not None and overdue.stream is not None and overdue.stream.paused:
            self.cancel(overdue)  # the client does not read on; the script is not to blame
        elif overdue is not None and worker.killed_for == "":
            self._note(f"worker {worker.number} killed: scoring timeout after {self._timeout:g} s")
            worker.kill(TIMEOUT)
        self._look_for_life(worker, now)
        if worker.forget_dropped():
            self._wake()

    def _look_behind(self, worker: Worker, now: float) -> None:
        """A lot is made of quick requests; what turns out slow must not keep the others."""
        worker.ask_back(now, LOT_PATIENCE)
        if not worker.slow or not worker.surely_waits():
            return
        for ticket in worker.behind()[self.queue.besides :]:
            if ticket.wait_until <= now:
                ticket.refuse(self.queue.late())
                ticket.leave()

    def _look_for_life(self, worker: Worker, now: float) -> None:
        """What it never began waits at the head of the queue again, so that nobody is lost."""
        patience = max(self._timeout, STALLED_SECONDS)
        if worker.killed_for == "" and worker.stalled(now, patience):
            self._note(f"worker {worker.number} killed: it began no request for {patience:g} s")
            worker.kill(STALLED)
