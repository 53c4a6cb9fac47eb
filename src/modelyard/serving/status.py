"""Where a front stands: whether it drains, what it has under way, what it says to status."""

import asyncio
import os
import time

from modelyard.domain.fronts import FrontSpec, FrontState, FrontStatus
from modelyard.serving import decisions
from modelyard.serving.crew import Crew
from modelyard.serving.limits.base import Limits
from modelyard.serving.pool import Pool
from modelyard.serving.sleeping import Sleeper

STRAGGLERS = 0.5
"""Seconds after the start of a drain in which requests already on their way are still taken."""


class Standing:
    """The one place that counts requests and knows whether more are taken."""

    def __init__(
        self, spec: FrontSpec, pool: Pool, crew: Crew, limits: Limits, sleeper: Sleeper
    ) -> None:
        self._spec = spec
        self._sleeper = sleeper
        self._pool = pool
        self._crew = crew
        self._limits = limits
        self._closed_at: float | None = None
        self.in_flight = 0
        self.draining = False

    @property
    def state(self) -> FrontState:
        """What the front says of itself."""
        return decisions.state(
            ready=self.ready_workers,
            ever_ready=self._crew.script is not None,
            failed=self._crew.error is not None,
            draining=self.draining,
            may_be_empty=self._sleeper.resting
            or (not self._crew.wanted and self._sleeper.fault is None),
        )

    @property
    def ready_workers(self) -> int:
        """Workers that take requests."""
        return sum(1 for worker in self._pool.workers if not worker.retired)

    @property
    def closed(self) -> bool:
        """Whether a request that comes now is refused."""
        return self._closed_at is not None and time.monotonic() > self._closed_at

    def drain(self) -> None:
        """
        Take no more, from a moment on: a gateway that was told of the new address just now still
        brings what it had routed before. May be called twice.
        """
        self.draining = True
        if self._closed_at is None:
            self._closed_at = time.monotonic() + STRAGGLERS

    async def drained(self, patience: float) -> bool:
        """Wait until nothing is under way; False when that takes longer than ``patience``."""
        deadline = time.monotonic() + patience
        while not self.closed or self.in_flight:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    def _without_batching(self) -> tuple[str, ...]:
        """Why a service that asked for batching does not get it."""
        verdict = (self._crew.script or {}).get("batching") or {}
        if self._spec.batching is None or verdict.get("on", True):
            return ()
        return (f"batching is off: {verdict.get('why')}",)

    def status(self) -> FrontStatus:
        """The answer to ``status``; ``in_flight`` counts all not yet answered, queued ones too."""
        crew, script = self._crew, self._crew.script or {}
        return FrontStatus(
            id=self._spec.id,
            state=self.state,
            pid=os.getpid(),
            ready_workers=self.ready_workers,
            workers=crew.wanted,
            in_flight=self.in_flight,
            queued=len(self._pool.queue),
            served=self._pool.served,
            restarts=crew.restarts,
            limits=self._limits.kind,
            error=crew.error or self._sleeper.fault,
            swagger=bool(script.get("input_schema")),
            notes=(*crew.notes, *self._without_batching(), *self._sleeper.notes),
            batching=script.get("batching"),
            asleep=self._sleeper.asleep,
        )
