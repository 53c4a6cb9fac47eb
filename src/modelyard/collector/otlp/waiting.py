"""What waits to be sent on: bounded, in order."""

import threading
from collections import deque
from collections.abc import Mapping, Sequence

from modelyard.collector.otlp.outgoing import SCOPE
from modelyard.collector.sink import Row
from modelyard.telemetry.tables import TABLES

LIMIT = 20_000
"""Rows of one kind."""

_SOURCE = {name: TABLES[name].names.index("source") for name in ("requests", "traces")}
_OURS = {"front", "gateway"}


class Waiting:
    """Requests and lines of ours; what others sent here is not sent on."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._rows: dict[str, deque[Row]] = {name: deque() for name in _SOURCE}
        self.changed = threading.Condition()
        self.dropped = 0

    def hear(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Take rows; with too many waiting the newest are dropped and counted."""
        at = _SOURCE["requests"]
        self._take("requests", [r for r in rows.get("requests", ()) if r[at] in _OURS])
        at = _SOURCE["traces"]
        self._take("traces", [r for r in rows.get("traces", ()) if r[at] != SCOPE])

    def _take(self, table: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        with self.changed:
            waiting = self._rows[table]
            room = max(0, self._limit - len(waiting))
            waiting.extend(rows[:room])
            self.dropped += max(0, len(rows) - room)
            self.changed.notify_all()

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def take(self, table: str, most: int) -> list[Row]:
        """The oldest."""
        with self.changed:
            waiting = self._rows[table]
            return [waiting.popleft() for _ in range(min(most, len(waiting)))]
