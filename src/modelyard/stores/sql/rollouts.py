"""Rollouts in SQL: the rollout itself is a document, beside it what is searched for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Select, delete, select, update

from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.events import Event
from modelyard.domain.rollouts import Rollout
from modelyard.stores.contents import value_of
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.events import write_event
from modelyard.stores.sql.statements import insert_new
from modelyard.stores.sql.tables import rollouts


class SqlRolloutStore:
    """``RolloutStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, rollout: Rollout, event: Event | None = None) -> None:
        row = {
            "id": rollout.id,
            "workspace": rollout.workspace,
            "service": rollout.service,
            "body": _body(rollout),
            "ended": rollout.ended,
        }
        with self._database.write() as connection:
            if not insert_new(connection, rollouts, row):
                raise Conflict(
                    f"A rollout of service {rollout.name!r} is under way. Stop it, or wait for "
                    "its end."
                )
            write_event(connection, event)

    def get(self, workspace: str, id: str) -> Rollout:
        mine = (rollouts.c.workspace == workspace, rollouts.c.id == id)
        found = self._read(select(rollouts.c.body).where(*mine))
        if not found:
            raise NotFound(f"There is no rollout {id!r} in workspace {workspace!r}.")
        return found[0]

    def list(self, service: str) -> Sequence[Rollout]:
        mine = select(rollouts.c.body).where(rollouts.c.service == service)
        return self._read(mine.order_by(rollouts.c.seq.desc()))

    def open(self) -> Sequence[Rollout]:
        mine = select(rollouts.c.body).where(rollouts.c.ended.is_(False))
        return self._read(mine.order_by(rollouts.c.seq))

    def change(
        self, id: str, decide: Callable[[Rollout], Rollout], event: Event | None = None
    ) -> Rollout:
        mine = rollouts.c.id == id
        with self._database.write() as connection:
            held = select(rollouts.c.body).where(mine).with_for_update()
            body = connection.execute(held).scalar_one_or_none()
            if body is None:
                raise NotFound(f"There is no rollout {id!r}.")
            before = value_of(body, Rollout)
            after = replace(
                decide(before), id=id, workspace=before.workspace, service=before.service
            )
            values = {"body": _body(after), "ended": after.ended}
            connection.execute(update(rollouts).where(mine).values(**values))
            write_event(connection, event)
        return after

    def remove(self, service: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(rollouts).where(rollouts.c.service == service))

    def _read(self, query: Select[Any]) -> Sequence[Rollout]:
        with self._database.read() as connection:
            bodies = connection.execute(query).scalars().all()
        return [value_of(body, Rollout) for body in bodies]


def _body(rollout: Rollout) -> object:
    """Times as text: a document has no type for them."""
    return msgspec.to_builtins(rollout)
