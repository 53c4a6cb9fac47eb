"""Ends all workers of a service that nobody asks, and starts them again for the next request."""

import asyncio
import math
from collections.abc import Callable, Mapping
from enum import Enum, auto
from time import monotonic
from typing import Any

from modelyard.domain.fronts import ASLEEP, WAKING
from modelyard.serving import decisions
from modelyard.serving.crew import Crew
from modelyard.serving.pool import Pool
from modelyard.serving.refusals import cold_start_failed
from modelyard.serving.scaler import Scaler

LOOKS = 20
"""Looks in an idle timeout: it is kept to within so small a part of it."""

LONGEST_LOOK = 5.0


class _Phase(Enum):
    AWAKE = auto()
    ASLEEP = auto()
    WAKING = auto()


class Sleeper:
    """
    Scale to zero of one front; without an ``idle_timeout`` (seconds) it never sleeps.

    Asleep, a request waits in the queue for up to ``cold_start_timeout`` seconds while the first
    worker starts. Where that fails all that wait are told why, and it is tried again with the next
    request, but after each failure later: who comes before that is told the same at once.
    """

    def __init__(
        self,
        pool: Pool,
        crew: Crew,
        scaler: Scaler,
        under_way: Callable[[], int],
        *,
        idle_timeout: float | None,
        cold_start_timeout: float,
    ) -> None:
        """``under_way`` counts the requests that are not answered, also those that still come."""
        self._pool = pool
        self._crew = crew
        self._scaler = scaler
        self._under_way = under_way
        self._idle_timeout = idle_timeout
        self._cold_start_timeout = cold_start_timeout
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._phase = _Phase.AWAKE
        self._served = 0
        self._idle_since = monotonic()
        self._failures = 0
        self._not_before = 0.0
        self.fault: Mapping[str, Any] | None = None
        """Why the last start after a sleep failed; None when it went well."""

    def start(self) -> None:
        """Begin to look whether there is anything to do."""
        if self._idle_timeout is None:
            return
        self._pool.starved = self._wake
        self._crew.came = self._came
        self._crew.failed = self._failed
        self._idle_since = monotonic()
        self._hold()  # one that is started anew for a request has it wait as if it had slept
        self._wait()

    def stop(self) -> None:
        """Never sleep again: the front stops. May be called twice."""
        self._idle_timeout = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def asleep(self) -> bool:
        """Whether no worker runs, because nobody asks."""
        return self._phase is _Phase.ASLEEP

    @property
    def resting(self) -> bool:
        """Whether it is well that no worker is ready: asleep, or just called."""
        return self._phase is not _Phase.AWAKE and self.fault is None

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell users."""
        if self._phase is _Phase.AWAKE:
            return ()
        return (WAKING,) if self._phase is _Phase.WAKING else (ASLEEP,)

    def _wait(self) -> None:
        if self._idle_timeout is not None:
            often = min(self._idle_timeout / LOOKS, LONGEST_LOOK)
            self._timer = self._loop.call_later(often, self._look)

    def _look(self) -> None:
        now, served = monotonic(), self._pool.served
        at_work = self._under_way() or self._pool.held  # also for a client that has left
        busy = at_work or served != self._served or not self._pool.workers
        self._served = served
        if busy:
            self._idle_since = now
        if self._idle_timeout is not None and now - self._idle_since >= self._idle_timeout:
            self._sleep()
        else:
            self._wait()

    def _sleep(self) -> None:
        self._timer = None
        self._pool.note("asleep: nobody asked, all workers end")
        self._rest()

    def _rest(self) -> None:
        self._phase = _Phase.ASLEEP
        self._scaler.stop()
        self._crew.want(0)
        self._hold()

    def _hold(self) -> None:
        self._pool.queue.hold(self._cold_start_timeout, math.ceil(self._crew.start_seconds))

    def _wake(self) -> None:
        """A request waits, and there is no worker."""
        if self._phase is not _Phase.ASLEEP:
            return
        if monotonic() < self._not_before and self.fault is not None:
            self._refuse(self.fault)
            return
        self._phase = _Phase.WAKING
        self._pool.note("a request came: the first worker starts")
        self._scaler.begin()

    def _came(self) -> None:
        """The first worker is ready."""
        now = monotonic()
        self._pool.queue.release(now)
        if self._phase is _Phase.AWAKE:
            return
        self._phase = _Phase.AWAKE
        self._failures, self.fault = 0, None
        self._idle_since = now
        self._wait()

    def _failed(self, fault: Mapping[str, Any]) -> None:
        """The first worker did not start."""
        if self._phase is not _Phase.WAKING:
            self._pool.queue.release(monotonic())
            return
        self._failures += 1
        self.fault = fault
        self._not_before = monotonic() + decisions.cold_backoff(self._failures)
        self._rest()
        self._refuse(fault)

    def _refuse(self, fault: Mapping[str, Any]) -> None:
        again = math.ceil(self._not_before - monotonic())
        for ticket in self._pool.queue.clear():
            ticket.refuse(cold_start_failed(fault, again))
