"""Images in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from modelyard.domain.images import Image
from modelyard.domain.services import RevisionContent
from modelyard.stores.contents import value_of
from modelyard.stores.sql.tables import images
from modelyard.stores.sql.versioned import VersionedStore


class SqlImageStore(VersionedStore[Image]):
    """``ImageStore`` over SQLAlchemy."""

    noun = "image"
    table = images

    def value(self, row: Row[Any]) -> Image:
        columns = dict(row._mapping)
        content = value_of(columns.pop("content"), RevisionContent)
        return Image(**columns, content=content)

    def list(self, workspace: str, name: str | None = None) -> Sequence[Image]:
        query = select(*self.columns).where(images.c.workspace == workspace)
        if name is not None:
            query = query.where(images.c.name == name)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(images.c.seq.desc())).all()
        return [self.value(row) for row in rows]
