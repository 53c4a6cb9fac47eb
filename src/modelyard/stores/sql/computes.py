"""Compute targets in SQL."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import ColumnElement, delete, select, update

from modelyard.domain.computes import Compute
from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import hold_workspace, insert_new
from modelyard.stores.sql.tables import computes


class SqlComputeStore:
    """``ComputeStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, compute: Compute) -> None:
        with self._database.write() as connection:
            hold_workspace(connection, compute.workspace)
            if not insert_new(connection, computes, asdict(compute)):
                raise AlreadyExists(
                    f"There is a compute target {compute.name!r} in workspace "
                    f"{compute.workspace!r} already. Delete it, or take another name."
                )

    def get(self, workspace: str, name: str) -> Compute:
        with self._database.read() as connection:
            row = connection.execute(select(computes).where(*_is(workspace, name))).one_or_none()
        if row is None:
            raise _missing(workspace, name)
        return Compute(**row._mapping)

    def list(self, workspace: str) -> Sequence[Compute]:
        query = select(computes).where(computes.c.workspace == workspace)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return sorted((Compute(**row._mapping) for row in rows), key=lambda found: found.name)

    def update(self, compute: Compute) -> None:
        mine = _is(compute.workspace, compute.name)
        with self._database.write() as connection:
            change = update(computes).where(*mine).values(**asdict(compute))
            if connection.execute(change).rowcount == 0:
                raise _missing(compute.workspace, compute.name)

    def remove(self, workspace: str, name: str) -> None:
        with self._database.write() as connection:
            gone = connection.execute(delete(computes).where(*_is(workspace, name)))
            if gone.rowcount == 0:
                raise _missing(workspace, name)


def _is(workspace: str, name: str) -> list[ColumnElement[bool]]:
    return [computes.c.workspace == workspace, computes.c.name == name]


def _missing(workspace: str, name: str) -> NotFound:
    return NotFound(f"There is no compute target {name!r} in workspace {workspace!r}.")
