"""Looks every few seconds at services, machine and cards, and hands over what was seen."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from modelyard.collector.gpu.cards import Cards
from modelyard.collector.measures import Measure, rows
from modelyard.collector.samplers.machine import Machine
from modelyard.collector.samplers.services import Services
from modelyard.collector.sink import Sink
from modelyard.telemetry.records import About

_LOG = logging.getLogger(__name__)

INTERVAL = 5.0
"""Seconds between two looks."""


class Sampler:
    """
    The collector's only sampler.

    ``latest`` holds the measures of the last look, for whoever wants gauges. A look runs in a
    thread, so that a slow driver does not hold up the collector; looks never overlap.
    """

    def __init__(
        self,
        sink: Sink,
        fronts: Callable[[], Iterable[About]],
        folder: Path,
        *,
        interval: float = INTERVAL,
        cards: Cards | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``fronts`` are the heads of the rings there are, ``folder`` the home."""
        self._sink = sink
        self._interval = interval
        self._clock = clock
        self._services = Services(fronts)
        self._machine = Machine(folder)
        self._cards = cards or Cards()
        self._told: set[str] = set()
        self._looking: asyncio.Future[list[Measure]] | None = None
        self.latest: list[Measure] = []
        self.cost = 0.0
        """Seconds that the last look took of a processor."""

    async def run(self) -> None:
        """Look until cancelled. A look that fails is told once, and the next one comes."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while True:
                await self.look()
                due = max(due + self._interval, loop.time())
                await asyncio.sleep(due - loop.time())
        finally:
            # a look that is under way still has the driver open
            if self._looking is not None:
                await asyncio.wait([self._looking])
            self._cards.close()

    async def look(self) -> None:
        """One look; its rows go to the sink."""
        try:
            self._looking = asyncio.ensure_future(asyncio.to_thread(self._look))
            measures = await asyncio.shield(self._looking)
        except Exception as error:  # noqa: BLE001 - what one look meets must not end all others
            self._tell(f"processes cannot be looked at: {error!r}")
            return
        now = self._clock()
        self.latest = measures
        self._sink.add("performanceCounters", rows(measures, now))
        if custom := self._cards.custom(now):
            self._sink.add("customMetrics", custom)

    def _look(self) -> list[Measure]:
        begun = time.thread_time()
        found = [*self._services.look(), *self._machine.look()]
        found += self._cards.look(self._services.pids)
        self.cost = time.thread_time() - begun
        return found

    def _tell(self, what: str) -> None:
        if what not in self._told and len(self._told) < 100:
            self._told.add(what)
            _LOG.warning(what)
