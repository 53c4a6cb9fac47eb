"""Registered models in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from modelyard.domain.models import Model
from modelyard.stores.sql.statements import has_entries
from modelyard.stores.sql.tables import models
from modelyard.stores.sql.versioned import VersionedStore

_SAMPLES = ("sample_input", "sample_output")


class SqlModelStore(VersionedStore[Model]):
    """``ModelStore`` over SQLAlchemy."""

    noun = "model"
    table = models

    def value(self, row: Row[Any]) -> Model:
        fields: dict[str, Any] = dict(row._mapping)
        for name in _SAMPLES:  # NULL in rows of a release that kept none
            fields[name] = tuple(fields.get(name) or ())
        return Model(**fields)

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
        # samples may have a megabyte each, and nobody wants them of all models at once
        columns = [column for column in self.columns if column.name not in _SAMPLES]
        query = select(*columns).where(models.c.workspace == workspace)
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
        return [self.value(row) for row in rows]


def _is_latest() -> ColumnElement[bool]:
    other = models.alias()
    newest = select(func.max(other.c.version)).where(
        other.c.workspace == models.c.workspace, other.c.name == models.c.name
    )
    return models.c.version == newest.correlate(models).scalar_subquery()
