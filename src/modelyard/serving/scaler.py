"""Looks at a front's workers again and again, and has as many of them as the load asks for."""

import asyncio
from dataclasses import replace
from time import monotonic

from modelyard.serving import scaling
from modelyard.serving.crew import Crew
from modelyard.serving.pool import Pool
from modelyard.serving.scaling import Bounds, Look

_RUNS_OVER = 10
"""Looks of which the mean length of a run is taken."""


class Scaler:
    """
    Keeps the number of workers within ``bounds``; without room between them it never looks.

    The load is read off the pool, from what it counts anyway: no request waits for it.
    """

    def __init__(self, pool: Pool, crew: Crew, bounds: Bounds) -> None:
        self._pool = pool
        self._crew = crew
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._looks: list[Look] = []
        self._needs: list[float] = []
        self._ran: list[tuple[float, int]] = []
        self._run = 0.0
        self._resting = False
        self._at = self._busy = 0.0
        self._served = self._under_way = 0
        self.bounds = bounds

    def start(self) -> None:
        """Begin to look; the crew has its workers already."""
        self._resting = False
        self._looks, self._needs = [], []
        self._count()
        self._wait()

    def stop(self) -> None:
        """Look no more; may be called twice."""
        self._resting = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def bound(self, least: int, most: int) -> None:
        """Other bounds, in force at once unless it is stopped."""
        self.bounds = replace(self.bounds, least=least, most=max(least, most))
        if self._resting:
            return
        count = min(max(self._crew.wanted, least), self.bounds.most)
        self._crew.want(count)
        self._wait()

    def begin(self) -> None:
        """Have the least number of workers, and look again."""
        self._crew.want(max(1, self.bounds.least))
        self.start()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.bounds.most > self.bounds.least:
            self._pool.time_workers()
            self._timer = self._loop.call_later(self.bounds.refresh, self._look)

    def _look(self) -> None:
        self._wait()
        look = self._count()
        self._looks = [*self._looks[1 - scaling.SMOOTHED :], look]
        need = scaling.needed(self._looks, self.bounds)
        self._needs = [*self._needs[1 - scaling.COOL_DOWN :], need]
        before = self._crew.wanted
        count = scaling.wanted(self._needs, before, self.bounds)
        if count != before and not self._crew.error:
            self._pool.note(
                f"{count} workers instead of {before}: {look.busy:.1f} were busy, "
                f"{round(look.came, 1):g}"
                f" requests came in {self.bounds.refresh:g} s, {look.waiting} wait"
            )
            self._crew.want(count)

    def _count(self) -> Look:
        """What has been since the last time."""
        pool, now = self._pool, monotonic()
        busy, waiting = pool.busy_seconds(now), len(pool.queue)
        under_way = waiting + pool.held
        served = pool.served - self._served
        came = max(0, served + under_way - self._under_way)
        worked, seconds = busy - self._busy, max(now - self._at, 1e-9)
        self._at, self._busy, self._served, self._under_way = now, busy, pool.served, under_way
        self._ran = [*self._ran[1 - _RUNS_OVER :], (worked, served)]
        return Look(
            busy=worked / seconds,
            came=came * self.bounds.refresh / seconds,
            run=self._run_seconds(),
            waiting=waiting,
            oldest=pool.queue.oldest(now),
            start=self._crew.start_seconds,
        )

    def _run_seconds(self) -> float:
        """How long a request keeps a worker; while none ends, longer and longer."""
        worked = sum(worked for worked, _ in self._ran)
        served = sum(served for _, served in self._ran)
        self._run = worked / served if served else max(self._run, worked)
        return self._run
