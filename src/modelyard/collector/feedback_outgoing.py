"""From the book of feedback into the store, as if the book were a ring."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from modelyard.collector.feedback_book import Book
from modelyard.collector.making import row
from modelyard.collector.store_engine import OWN, Batch, Ring
from modelyard.domain.errors import ModelyardError

LIMIT = 10_000
"""Rows of one batch."""

_PREFIX = f"{OWN}feedback-"
_log = logging.getLogger("modelyard.collector")


class Outgoing:
    """One of the store's sources; for the writing thread, but ``wake``."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._due = book.path.exists()
        self._more = False
        self._known: Mapping[str, Ring] = {}
        self._id = ""
        self._position = 0
        self._next = 0
        self._problem = ""
        self.on_written: Callable[[], None] = lambda: None
        """Called in the writing thread when the store has what had left."""

    def wake(self) -> None:
        """Something has left. From any thread."""
        self._due = True

    def waiting(self) -> bool:
        """Whether anything may have left."""
        return self._due

    def opened(self, known: Mapping[str, Ring]) -> None:
        """How far it is written, as the engine says."""
        self._known, self._id = dict(known), ""
        self._due = self._due or self._book.path.exists()

    def collect(self, batch: Batch) -> bool:
        """Add what has left. A book that cannot be read now stops nothing else."""
        self._more = False
        if not self._due:
            return False
        self._due = False  # before it is read: what leaves meanwhile wakes again
        try:
            self._book.open()
            self._look_at_id(batch)
            found = self._book.leaving(self._position, LIMIT)
        except ModelyardError as error:
            self._due = True
            if error.message != self._problem:
                _log.error("%s", error.message)
            self._problem = error.message
            return False
        self._problem = ""
        if found:
            batch.add("outcomes", [row("outcomes", values) for _, values in found])
            self._next = found[-1][0]
            batch.rings[_PREFIX + self._id] = Ring(self._next)
        self._more = len(found) == LIMIT
        self._due = self._due or self._more
        return self._more

    def committed(self) -> None:
        """The book may forget it."""
        if self._next != self._position:
            self._position = self._next
            self._book.wrote(self._id, self._position)
            self.on_written()

    def failed(self) -> None:
        """It is read again."""
        self._next = self._position
        self._due = True

    def close(self) -> None:
        """The book stays for the next collector, without what the store has."""
        if self._id:
            with suppress(ModelyardError):
                self._book.trim()
        self._book.close()

    def _look_at_id(self, batch: Batch) -> None:
        if self._id == self._book.id:
            return
        self._id = self._book.id
        own = _PREFIX + self._id
        self._position = self._next = self._known.get(own, Ring(0)).position
        self._book.wrote(self._id, self._position)
        batch.gone += [id for id in self._known if id.startswith(_PREFIX) and id != own]
