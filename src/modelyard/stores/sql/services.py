"""Services and their keys in SQL; their versions and revisions are in ``revisions``."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select, update

from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.domain.events import Event
from modelyard.domain.services import (
    Auth,
    Edit,
    Keys,
    Service,
    ServiceKind,
    ServiceVersion,
    Stored,
)
from modelyard.domain.traffic import Traffic
from modelyard.stores.contents import value_of
from modelyard.stores.secret import Seal
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.events import write_event
from modelyard.stores.sql.revisions import (
    SqlRevisions,
    group_by,
    missing_service,
    read_revisions,
    read_versions,
    series,
    write_revision,
    write_version,
)
from modelyard.stores.sql.statements import hold_workspace, insert_new
from modelyard.stores.sql.tables import counters, revisions, service_versions, services

_KEYS = ("primary_key", "secondary_key")
_COLUMNS = [column for column in services.c if column.name not in _KEYS]


class SqlServiceStore(SqlRevisions):
    """``ServiceStore`` over SQLAlchemy; keys are encrypted with the secret."""

    def __init__(self, database: Database, secret: bytes) -> None:
        super().__init__(database)
        self._seal = Seal(secret)

    def add(self, service: Service, keys: Keys) -> None:
        row = asdict(service) | self._seal.close_both(keys)
        with self._database.write() as connection:
            hold_workspace(connection, service.workspace)
            if not insert_new(connection, services, row):
                raise AlreadyExists(
                    f"There is a service {service.name!r} in workspace {service.workspace!r} "
                    "already. Update it, delete it, or take another name."
                )

    def get(self, workspace: str, name: str) -> Service:
        mine = [services.c.workspace == workspace, services.c.name == name]
        with self._database.read() as connection:
            row = connection.execute(select(*_COLUMNS).where(*mine)).one_or_none()
        if row is None:
            raise NotFound(f"There is no service {name!r} in workspace {workspace!r}.")
        return _service(row)

    def list(self, workspace: str | None = None) -> Sequence[Service]:
        query = select(*_COLUMNS)
        if workspace is not None:
            query = query.where(services.c.workspace == workspace)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = (_service(row) for row in rows)
        return sorted(found, key=lambda service: (service.workspace, service.name))

    def everything(self) -> Sequence[Stored]:
        with self._database.read() as connection:
            rows = connection.execute(select(services)).all()
            versions = group_by(read_versions(connection), lambda version: version.service)
            found = group_by(read_revisions(connection), lambda revision: revision.service)
        held = [
            Stored(
                _service(row, without=_KEYS),
                versions.get(row.id, []),
                found.get(row.id, []),
                Keys(self._seal.open(row.primary_key), self._seal.open(row.secondary_key)),
            )
            for row in rows
        ]
        return sorted(held, key=lambda one: (one.service.workspace, one.service.name))

    def change(
        self,
        id: str,
        decide: Callable[[Service], Service],
        note: Callable[[Service, Service], Event | None] | None = None,
    ) -> Service:
        with self._database.write() as connection:
            before = _held(connection, id)
            after = _write(connection, before, decide(before))
            if note is not None:
                write_event(connection, note(before, after))
        return after

    def edit(self, id: str, decide: Callable[[Service, Sequence[ServiceVersion]], Edit]) -> Edit:
        with self._database.write() as connection:
            before = _held(connection, id)
            edit = decide(before, read_versions(connection, id))
            after = _write(connection, before, edit.service)
            revision = edit.revision and write_revision(
                connection, before.workspace, replace(edit.revision, service=id)
            )
            versions = [
                write_version(connection, replace(version, service=id), revision)
                for version in edit.versions
            ]
            if edit.keys is not None:
                sealed = self._seal.close_both(edit.keys)
                connection.execute(update(services).where(_is(id)).values(**sealed))
            for event in edit.events:
                write_event(connection, event)
        return replace(edit, service=after, versions=tuple(versions), revision=revision)

    def remove(self, id: str) -> None:
        with self._database.write() as connection:
            connection.execute(select(services.c.id).where(_is(id)).with_for_update())
            connection.execute(delete(revisions).where(revisions.c.service == id))
            connection.execute(delete(service_versions).where(service_versions.c.service == id))
            connection.execute(delete(counters).where(counters.c.kind == series(id)))
            connection.execute(delete(services).where(_is(id)))

    def keys(self, id: str) -> Keys:
        query = select(services.c.primary_key, services.c.secondary_key).where(_is(id))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise missing_service(id)
        return Keys(self._seal.open(row.primary_key), self._seal.open(row.secondary_key))

    def set_keys(self, id: str, keys: Keys) -> None:
        change = update(services).where(_is(id)).values(**self._seal.close_both(keys))
        with self._database.write() as connection:
            if connection.execute(change).rowcount == 0:
                raise missing_service(id)


def _is(id: str) -> ColumnElement[bool]:
    return services.c.id == id


def _held(connection: Connection, id: str) -> Service:
    """The service, which nobody else changes until the transaction ends."""
    held = select(*_COLUMNS).where(_is(id)).with_for_update()
    row = connection.execute(held).one_or_none()
    if row is None:
        raise missing_service(id)
    return _service(row)


def _write(connection: Connection, before: Service, decided: Service) -> Service:
    after = replace(decided, id=before.id, workspace=before.workspace, name=before.name)
    connection.execute(update(services).where(_is(before.id)).values(**asdict(after)))
    return after


def _service(row: Row[Any], without: Sequence[str] = ()) -> Service:
    columns = {name: value for name, value in row._mapping.items() if name not in without}
    kind, auth = ServiceKind(columns.pop("kind")), Auth(columns.pop("auth"))
    traffic = value_of(columns.pop("traffic"), Traffic)
    return Service(**columns, kind=kind, auth=auth, traffic=traffic)
