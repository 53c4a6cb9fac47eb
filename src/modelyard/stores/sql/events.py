"""Events in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, replace

from sqlalchemy import Connection, insert, select

from modelyard.domain.events import Event
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.tables import events


class SqlEventStore:
    """``EventStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: Event) -> Event:
        with self._database.write() as connection:
            return replace(event, number=_write(connection, event))

    def list(
        self,
        workspace: str,
        service: str | None = None,
        *,
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[Event]:
        query = select(events).where(events.c.workspace == workspace)
        if service is not None:
            query = query.where(events.c.service == service)
        if before is not None:
            query = query.where(events.c.number < before)
        query = query.order_by(events.c.number.desc()).limit(limit)
        with self._database.read() as connection:
            return [Event(**row._mapping) for row in connection.execute(query)]


def write_event(connection: Connection, event: Event | None) -> None:
    """Write one, or nothing, in the caller's transaction."""
    if event is not None:
        _write(connection, event)


def _write(connection: Connection, event: Event) -> int:
    row = asdict(event)
    del row["number"]
    result = connection.execute(insert(events).values(**row))
    key = result.inserted_primary_key
    assert key is not None  # noqa: S101 - the database counts it up
    return int(key[0])
