"""Images in SQL."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update

from modelyard.domain.errors import NotFound
from modelyard.domain.images import Image
from modelyard.domain.services import RevisionContent
from modelyard.stores.contents import value_of
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import hold_workspace, next_number
from modelyard.stores.sql.tables import images

_COLUMNS = [column for column in images.c if column.name != "seq"]


class SqlImageStore:
    """``ImageStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, image: Image) -> Image:
        with self._database.write() as connection:
            hold_workspace(connection, image.workspace)
            version = next_number(connection, image.workspace, "image", image.name)
            added = replace(image, version=version)
            connection.execute(insert(images).values(**asdict(added)))
        return added

    def get(self, workspace: str, name: str, version: int | None = None) -> Image:
        query = select(*_COLUMNS).where(images.c.workspace == workspace, images.c.name == name)
        if version is not None:
            query = query.where(images.c.version == version)
        with self._database.read() as connection:
            row = connection.execute(query.order_by(images.c.version.desc()).limit(1)).first()
        if row is None:
            raise _missing(workspace, name, version)
        return _image(row)

    def list(self, workspace: str, name: str | None = None) -> Sequence[Image]:
        query = select(*_COLUMNS).where(images.c.workspace == workspace)
        if name is not None:
            query = query.where(images.c.name == name)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(images.c.seq.desc())).all()
        return [_image(row) for row in rows]

    def change(
        self, workspace: str, name: str, version: int, decide: Callable[[Image], Image]
    ) -> Image:
        mine = _is(workspace, name, version)
        with self._database.write() as connection:
            held = select(*_COLUMNS).where(*mine).with_for_update()
            row = connection.execute(held).one_or_none()
            if row is None:
                raise _missing(workspace, name, version)
            after = replace(decide(_image(row)), workspace=workspace, name=name, version=version)
            connection.execute(update(images).where(*mine).values(**asdict(after)))
        return after

    def remove(self, workspace: str, name: str, version: int) -> None:
        with self._database.write() as connection:
            gone = connection.execute(delete(images).where(*_is(workspace, name, version)))
            if gone.rowcount == 0:
                raise _missing(workspace, name, version)


def _is(workspace: str, name: str, version: int) -> list[ColumnElement[bool]]:
    return [
        images.c.workspace == workspace,
        images.c.name == name,
        images.c.version == version,
    ]


def _missing(workspace: str, name: str, version: int | None) -> NotFound:
    which = name if version is None else f"{name}:{version}"
    return NotFound(f"There is no image {which!r} in workspace {workspace!r}.")


def _image(row: Row[Any]) -> Image:
    columns = dict(row._mapping)
    content = value_of(columns.pop("content"), RevisionContent)
    return Image(**columns, content=content)
