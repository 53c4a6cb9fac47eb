"""Manifests in SQL."""

from collections.abc import Iterator

from sqlalchemy import delete, select

from modelyard.domain.errors import NotFound
from modelyard.domain.manifests import Manifest
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import insert_new
from modelyard.stores.sql.tables import manifests


class SqlSnapshotStore:
    """``SnapshotStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, manifest: Manifest) -> str:
        body, digest = manifest.to_json().decode(), manifest.digest
        with self._database.write() as connection:
            insert_new(connection, manifests, {"digest": digest, "body": body})
        return digest

    def get(self, digest: str) -> Manifest:
        query = select(manifests.c.body).where(manifests.c.digest == digest)
        with self._database.read() as connection:
            body: str | None = connection.execute(query).scalar_one_or_none()
        if body is None:
            raise NotFound(f"There is no snapshot {digest}. Upload the files again.")
        return Manifest.from_json(body.encode())

    def digests(self) -> Iterator[str]:
        with self._database.read() as connection:
            found = connection.execute(select(manifests.c.digest)).scalars().all()
        yield from sorted(found)

    def remove(self, digest: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(manifests).where(manifests.c.digest == digest))
