"""Transactions: every store's method is one of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from modelyard.stores.sql.engine import WRITES
from modelyard.stores.sql.failures import FAILURES, translated


@dataclass(frozen=True)
class Database:
    """An engine and the rules for using it from many threads."""

    engine: Engine
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one state of the data."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except FAILURES as error:
            said = translated(error)
            if said is None:
                raise
            raise said from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """
        A transaction that writes: whole, or undone when anything raises.

        SQLite has one writer at a time. Threads of this process queue for it here, which is fair
        and fast; SQLite's own waiting (polling, up to ten seconds) is left for other processes.
        """
        queue = self._turn if self.engine.dialect.name == "sqlite" else nullcontext()
        try:
            with queue, self.engine.connect() as plain:
                connection = plain.execution_options(**{WRITES: True})
                with connection.begin():
                    yield connection
        except FAILURES as error:
            said = translated(error)
            if said is None:
                raise
            raise said from error

    def close(self) -> None:
        """Give all connections back. Repeatable; a later use opens new ones."""
        self.engine.dispose()
