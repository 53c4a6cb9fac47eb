"""How many bytes each workspace's files have, counted by the database."""

import json
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from modelyard.stores.sql.database import Database
from modelyard.stores.sql.tables import (
    images,
    manifests,
    models,
    revisions,
    run_files,
    runs,
    services,
    workspaces,
)


class SqlUsageStore:
    """``UsageStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sizes: dict[str, int] = {}  # of manifests, which never change

    def by_workspace(self) -> Mapping[str, int]:
        with self._database.read() as connection:
            total = dict.fromkeys(connection.execute(select(workspaces.c.name)).scalars(), 0)
            for workspace, digests in self._held(connection).items():
                total[workspace] += sum(self._size(connection, digest) for digest in digests)
            for workspace, size in _run_files(connection).items():
                total[workspace] += size
        return total

    def _held(self, connection: Connection) -> Mapping[str, set[str]]:
        """The manifests of each workspace."""
        held: dict[str, set[str]] = defaultdict(set)
        registered = select(models.c.workspace, models.c.manifest, models.c.size).distinct()
        for workspace, digest, size in connection.execute(registered):
            self._sizes[digest] = size
            held[workspace].add(digest)
        snapshots = select(runs.c.workspace, runs.c.snapshot).distinct()
        for workspace, digest in connection.execute(snapshots):
            held[workspace].add(digest)
        deployed = select(services.c.workspace, revisions.c.content).join_from(
            revisions, services, revisions.c.service == services.c.id
        )
        packed = select(images.c.workspace, images.c.content)
        for query in (deployed, packed):
            for workspace, content in connection.execute(query):
                held[workspace] |= {content["source"], *(m["manifest"] for m in content["models"])}
        return {workspace: digests - {"", None} for workspace, digests in held.items()}

    def _size(self, connection: Connection, digest: str) -> int:
        if digest not in self._sizes:
            query = select(manifests.c.body).where(manifests.c.digest == digest)
            body = connection.execute(query).scalar_one_or_none()
            if body is None:
                return 0
            self._sizes[digest] = sum(row[2] for row in json.loads(body)["files"])
        return self._sizes[digest]


def _run_files(connection: Connection) -> Mapping[str, int]:
    distinct = (
        select(runs.c.workspace, run_files.c.sha256, run_files.c.size)
        .join_from(run_files, runs, run_files.c.run == runs.c.seq)
        .distinct()
        .subquery()
    )
    query = select(distinct.c.workspace, func.sum(distinct.c.size)).group_by(distinct.c.workspace)
    return {workspace: int(size) for workspace, size in connection.execute(query)}
