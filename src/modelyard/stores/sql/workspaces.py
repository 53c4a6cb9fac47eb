"""Workspaces in SQL."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, update

from modelyard.domain.errors import AlreadyExists, InUse, NotFound
from modelyard.domain.workspaces import Workspace
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import insert_new
from modelyard.stores.sql.tables import (
    computes,
    counters,
    environments,
    events,
    experiments,
    images,
    metrics,
    models,
    open_jobs,
    run_files,
    runs,
    services,
    workspaces,
)


class SqlWorkspaceStore:
    """``WorkspaceStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, workspace: Workspace) -> None:
        row = {
            "name": workspace.name,
            "id": workspace.id,
            "created": workspace.created,
            "tags": workspace.tags,
            "cloud": workspace.cloud,
        }
        with self._database.write() as connection:
            if not insert_new(connection, workspaces, row):
                raise AlreadyExists(f"There is a workspace {workspace.name!r} already.")

    def get(self, name: str) -> Workspace:
        with self._database.read() as connection:
            row = connection.execute(
                select(workspaces).where(workspaces.c.name == name)
            ).one_or_none()
        if row is None:
            raise _missing(name)
        return Workspace(**row._mapping)

    def list(self) -> Sequence[Workspace]:
        with self._database.read() as connection:
            rows = connection.execute(select(workspaces)).all()
        return sorted((Workspace(**row._mapping) for row in rows), key=lambda found: found.name)

    def update(self, workspace: Workspace) -> None:
        change = (
            update(workspaces)
            .where(workspaces.c.name == workspace.name)
            .values(tags=workspace.tags, cloud=workspace.cloud)
        )
        with self._database.write() as connection:
            if connection.execute(change).rowcount == 0:
                raise _missing(workspace.name)

    def remove(self, name: str) -> None:
        with self._database.write() as connection:
            held = select(workspaces.c.name).where(workspaces.c.name == name).with_for_update()
            if connection.execute(held).first() is None:
                raise _missing(name)
            _refuse_with_services(connection, name)
            _remove_contents(connection, name)
            connection.execute(delete(workspaces).where(workspaces.c.name == name))


def _missing(name: str) -> NotFound:
    return NotFound(f"There is no workspace {name!r}.")


def _refuse_with_services(connection: Connection, name: str) -> None:
    query = select(services.c.name).where(services.c.workspace == name)
    names = sorted(connection.execute(query).scalars())
    if names:
        raise InUse(
            f"Workspace {name!r} still has services: {', '.join(names)}. Delete them first.",
            details={"services": names},
        )


def _remove_contents(connection: Connection, name: str) -> None:
    """From the leaves up, as the foreign keys want it."""
    of_workspace = select(runs.c.seq).where(runs.c.workspace == name)
    connection.execute(delete(metrics).where(metrics.c.run.in_(of_workspace)))
    connection.execute(delete(run_files).where(run_files.c.run.in_(of_workspace)))
    connection.execute(delete(open_jobs).where(open_jobs.c.run.in_(of_workspace)))
    for table in (runs, experiments, models, images, environments, computes, events, counters):
        connection.execute(delete(table).where(table.c.workspace == name))
