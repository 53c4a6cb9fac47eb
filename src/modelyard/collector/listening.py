"""Hears of rows once they are written."""

import logging
from collections.abc import Callable, Mapping, Sequence

from modelyard.collector.sink import Row
from modelyard.collector.store_engine import Batch, Ring

_LOG = logging.getLogger("modelyard.collector")

Hear = Callable[[Mapping[str, Sequence[Row]]], None]
"""Is told rows by table, in the thread that writes; must be quick."""


class Listener:
    """
    The last of the store's sources: it adds nothing, and sees each batch as the others filled it.

    What is not committed comes again in a later batch, so nothing is heard twice.
    """

    def __init__(self, *hear: Hear) -> None:
        self._hear = hear
        self._batch: Batch | None = None
        self._failed = False
        self.rows: dict[str, int] = {}
        """How many rows were written, by table."""

    def waiting(self) -> bool:
        """Nothing of its own."""
        return False

    def opened(self, known: Mapping[str, Ring]) -> None:
        """Nothing to know."""

    def collect(self, batch: Batch) -> bool:
        """Remember the batch."""
        self._batch = batch
        return False

    def committed(self) -> None:
        """Tell what was in it."""
        batch, self._batch = self._batch, None
        if batch is None:
            return
        for table, rows in batch.rows.items():
            self.rows[table] = self.rows.get(table, 0) + len(rows)
        for hear in self._hear:
            try:
                hear(batch.rows)
            except Exception:  # noqa: BLE001 - a listener must not end the writing
                if not self._failed:
                    _LOG.exception("rows cannot be counted or sent on")
                self._failed = True

    def failed(self) -> None:
        """Forget it: its rows come again."""
        self._batch = None

    def close(self) -> None:
        """Nothing to give back."""
