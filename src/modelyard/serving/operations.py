"""What a front does when it is asked over its control socket."""

from collections.abc import Callable, Mapping
from typing import Any

from modelyard.domain.fronts import SPEC_VERSION, FrontSpec
from modelyard.serving.control import Operation, Refused, whole_number
from modelyard.serving.logs import LogBook
from modelyard.serving.queue import WaitingQueue
from modelyard.serving.scaler import Scaler
from modelyard.serving.shadows import Shadows
from modelyard.serving.status import Standing

MAX_WORKERS = 256


class Operations:
    """Each answers with the front's status, but for the log's last lines."""

    def __init__(
        self,
        spec: FrontSpec,
        queue: WaitingQueue,
        scaler: Scaler,
        standing: Standing,
        shadows: Shadows,
        logs: LogBook,
        stop: Callable[[], None],
    ) -> None:
        """``stop`` has the front drain and end."""
        self._spec = spec
        self._queue = queue
        self._scaler = scaler
        self._standing = standing
        self._shadows = shadows
        self._logs = logs
        self._stop = stop

    def by_name(self) -> dict[str, Operation]:
        """All, as the control socket calls them."""
        return {
            "status": self._status,
            "drain": self._drain,
            "stop": self._end,
            "bounds": self._bounds,
            "logs": self._tail,
            "shadows": self._order_shadows,
        }

    async def _status(self, _: Mapping[str, Any]) -> Any:
        return self._standing.status()

    async def _drain(self, _: Mapping[str, Any]) -> Any:
        self._standing.drain()
        return self._standing.status()

    async def _end(self, _: Mapping[str, Any]) -> Any:
        self._stop()
        return self._standing.status()

    async def _bounds(self, message: Mapping[str, Any]) -> Any:
        spec = self._spec
        if spec.spec_version != message.get("spec_version", SPEC_VERSION):
            raise Refused(f"This front reads spec_version {SPEC_VERSION}.")
        bounds = self._scaler.bounds
        least = whole_number(message, "workers", 0, MAX_WORKERS, bounds.least)
        usual = bounds.most if spec.max_workers else least
        most = whole_number(message, "max_workers", 0, MAX_WORKERS, usual)
        limit = self._queue.limit
        self._queue.limit = whole_number(message, "queue_limit", 0, 1_000_000, limit)
        self._scaler.bound(least, most)
        return self._standing.status()

    async def _order_shadows(self, message: Mapping[str, Any]) -> Any:
        await self._shadows.ordered(message)
        return self._standing.status()

    async def _tail(self, message: Mapping[str, Any]) -> Any:
        count = whole_number(message, "lines", 1, 100_000, 200)
        return {"lines": await self._logs.last_lines(count)}
