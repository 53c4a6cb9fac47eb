"""Rows that wait to be written; bounded, and what finds no place counted. For all threads."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from modelyard.collector.sink import Row
from modelyard.telemetry.tables import TABLES

LIMIT = 200_000
"""Rows that may wait."""


class Pending:
    """What was added and is not in a batch yet."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._rows: dict[str, list[Row]] = {}
        self._size = 0
        self._dropped: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """As many as there is room for. Raises KeyError for what is no table."""
        TABLES[table]
        with self._lock:
            room = max(0, self._limit - self._size)
            taken = rows if len(rows) <= room else rows[:room]
            if taken:
                self._rows.setdefault(table, []).extend(taken)
                self._size += len(taken)
            if len(taken) < len(rows):
                self._dropped[table] += len(rows) - len(taken)
                self._untold[table] += len(rows) - len(taken)

    def take(self) -> dict[str, list[Row]]:
        """All of it."""
        with self._lock:
            rows, self._rows, self._size = self._rows, {}, 0
            return rows

    def give_back(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """They could not be written: they wait again."""
        for table, found in rows.items():
            self.add(table, found)

    def untold(self) -> Mapping[str, int]:
        """Rows dropped since this was last asked, by table."""
        with self._lock:
            untold, self._untold = self._untold, Counter()
            return untold

    @property
    def dropped(self) -> Mapping[str, int]:
        """Rows dropped since the start, by table."""
        with self._lock:
            return dict(self._dropped)

    def __len__(self) -> int:
        return self._size
