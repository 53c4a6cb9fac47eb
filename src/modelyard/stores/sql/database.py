"""Transactions: every store's method is one of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from modelyard.domain.errors import Conflict
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
        with _translating(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """
        A transaction that writes: whole, or undone when anything raises.

        SQLite has one writer at a time. Threads of this process queue for it here, which is fair
        and fast; SQLite's own waiting (polling, up to ten seconds) is left for other processes.
        """
        queue = self._turn if self.engine.dialect.name == "sqlite" else nullcontext()
        with _translating(), queue, self.engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                yield connection

    @contextmanager
    def reshape(self) -> Iterator[Connection]:
        """
        A transaction that changes tables.

        SQLite alters a table by copying and dropping it, which deletes what refers to it unless
        foreign keys are off; that is possible outside of a transaction only. They are checked at
        the end instead. PostgreSQL needs none of this.
        """
        if self.engine.dialect.name != "sqlite":
            with self.write() as connection:
                yield connection
            return
        with _translating(), self._turn, self.engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with _unchecked(connection), connection.begin():
                yield connection
                _check_references(connection)

    def close(self) -> None:
        """Give all connections back. Repeatable; a later use opens new ones."""
        self.engine.dispose()


@contextmanager
def _translating() -> Iterator[None]:
    """What the database reports, as errors of ours."""
    try:
        yield
    except FAILURES as error:
        said = translated(error)
        if said is None:
            raise
        raise said from error


@contextmanager
def _unchecked(connection: Connection) -> Iterator[None]:
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")
        driver.close()


def _check_references(connection: Connection) -> None:
    torn = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if torn:
        tables = ", ".join(sorted({str(row[0]) for row in torn}))
        raise Conflict(f"Changing the tables would tear {tables} from what they refer to.")
