"""Registered models in SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update

from modelyard.domain.errors import NotFound
from modelyard.domain.models import Model
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import has_entries, hold_workspace, next_number
from modelyard.stores.sql.tables import models

_COLUMNS = [column for column in models.c if column.name != "seq"]


class SqlModelStore:
    """``ModelStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, model: Model) -> Model:
        with self._database.write() as connection:
            hold_workspace(connection, model.workspace)
            version = next_number(connection, model.workspace, "model", model.name)
            added = replace(model, version=version)
            connection.execute(insert(models).values(**asdict(added)))
        return added

    def get(self, workspace: str, name: str, version: int | None = None) -> Model:
        query = select(*_COLUMNS).where(models.c.workspace == workspace, models.c.name == name)
        if version is not None:
            query = query.where(models.c.version == version)
        with self._database.read() as connection:
            row = connection.execute(query.order_by(models.c.version.desc()).limit(1)).first()
        if row is None:
            raise _missing(workspace, name, version)
        return _model(row)

    def list(
        self,
        workspace: str,
        *,
        name: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str | None] | None = None,
        run_id: str | None = None,
        framework: str | None = None,
        latest: bool = False,
    ) -> Sequence[Model]:
        query = select(*_COLUMNS).where(models.c.workspace == workspace)
        wanted = {"name": name, "run_id": run_id, "framework": framework}
        query = query.where(*(models.c[k] == v for k, v in wanted.items() if v is not None))
        if latest:
            query = query.where(_is_latest())
        with self._database.read() as connection:
            query = query.where(
                *has_entries(connection, models.c.tags, tags or {}),
                *has_entries(connection, models.c.properties, properties or {}),
            )
            rows = connection.execute(query.order_by(models.c.seq.desc())).all()
        return [_model(row) for row in rows]

    def change(
        self, workspace: str, name: str, version: int, decide: Callable[[Model], Model]
    ) -> Model:
        mine = _is(workspace, name, version)
        with self._database.write() as connection:
            held = select(*_COLUMNS).where(*mine).with_for_update()
            row = connection.execute(held).one_or_none()
            if row is None:
                raise _missing(workspace, name, version)
            after = replace(decide(_model(row)), workspace=workspace, name=name, version=version)
            connection.execute(update(models).where(*mine).values(**asdict(after)))
        return after

    def remove(self, workspace: str, name: str, version: int) -> None:
        with self._database.write() as connection:
            gone = connection.execute(delete(models).where(*_is(workspace, name, version)))
            if gone.rowcount == 0:
                raise _missing(workspace, name, version)


def _is(workspace: str, name: str, version: int) -> list[ColumnElement[bool]]:
    return [
        models.c.workspace == workspace,
        models.c.name == name,
        models.c.version == version,
    ]


def _is_latest() -> ColumnElement[bool]:
    other = models.alias()
    newest = select(func.max(other.c.version)).where(
        other.c.workspace == models.c.workspace, other.c.name == models.c.name
    )
    return models.c.version == newest.correlate(models).scalar_subquery()


def _missing(workspace: str, name: str, version: int | None) -> NotFound:
    which = name if version is None else f"{name}:{version}"
    return NotFound(f"There is no model {which!r} in workspace {workspace!r}.")


def _model(row: Row[Any]) -> Model:
    return Model(**row._mapping)
