"""Versions and revisions of services in SQL: the other half of the service store."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, delete, select, update

from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.domain.events import Event
from modelyard.domain.services import (
    NEWEST,
    Revision,
    RevisionContent,
    RevisionState,
    ServiceVersion,
)
from modelyard.stores.contents import value_of
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.events import write_event
from modelyard.stores.sql.statements import insert, insert_new, next_number
from modelyard.stores.sql.tables import revisions, service_versions, services

V = TypeVar("V")

_FIXED = ("service", "name", "wanted", "live")


class SqlRevisions:
    """The methods of ``ServiceStore`` that are about versions and revisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_revision(self, revision: Revision) -> Revision:
        with self._database.write() as connection:
            workspace = _hold_service(connection, revision.service)
            return write_revision(connection, workspace, revision)

    def versions(self, service: str) -> Sequence[ServiceVersion]:
        with self._database.read() as connection:
            return read_versions(connection, service)

    def change_version(
        self,
        service: str,
        version: str,
        decide: Callable[[ServiceVersion], ServiceVersion],
        event: Event | None = None,
    ) -> ServiceVersion:
        mine = _version(service, version)
        with self._database.write() as connection:
            held = select(service_versions).where(*mine).with_for_update()
            row = connection.execute(held).one_or_none()
            if row is None:
                raise NotFound(f"Service {service!r} has no version {version!r}.")
            before = ServiceVersion(**row._mapping)
            fixed = {name: getattr(before, name) for name in _FIXED}
            after = replace(decide(before), **fixed)
            connection.execute(update(service_versions).where(*mine).values(**asdict(after)))
            write_event(connection, event)
        return after

    def remove_version(self, service: str, version: str) -> None:
        own = (revisions.c.service == service, revisions.c.version == version)
        with self._database.write() as connection:
            connection.execute(delete(revisions).where(*own))
            connection.execute(delete(service_versions).where(*_version(service, version)))

    def set_live(self, service: str, version: str, number: int | None) -> None:
        with self._database.write() as connection:
            if number is not None:
                _check_revision(connection, service, version, number)
            change = update(service_versions).where(*_version(service, version))
            if connection.execute(change.values(live=number)).rowcount == 0:
                raise NotFound(f"Service {service!r} has no version {version!r}.")

    def revisions(self, service: str) -> Sequence[Revision]:
        with self._database.read() as connection:
            return read_revisions(connection, service)

    def update_revision(self, revision: Revision) -> None:
        change = (
            update(revisions)
            .where(revisions.c.id == revision.id)
            .values(state=revision.state, error=revision.error, notes=revision.notes)
        )
        with self._database.write() as connection:
            if connection.execute(change).rowcount == 0:
                raise NotFound(f"There is no revision {revision.id!r}.")

    def remove_revision(self, id: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(revisions).where(revisions.c.id == id))

    def references(self) -> Iterator[str]:
        with self._database.read() as connection:
            contents = connection.execute(select(revisions.c.content)).scalars().all()
        digests: set[str] = set()
        for content in contents:
            digests.add(content["source"])
            digests.update(model["manifest"] for model in content["models"])
        yield from sorted(digests - {""})


def series(service: str) -> str:
    """The kind of counter that numbers the revisions of a service's versions."""
    return f"revision/{service}"


def group_by(values: Iterable[V], service: Callable[[V], str]) -> dict[str, list[V]]:
    """What belongs to each service, in the order given."""
    groups: dict[str, list[V]] = {}
    for value in values:
        groups.setdefault(service(value), []).append(value)
    return groups


def read_revisions(connection: Connection, service: str | None = None) -> list[Revision]:
    """The revisions of a service (or of all), by version and number."""
    query = select(revisions)
    if service is not None:
        query = query.where(revisions.c.service == service)
    found = (_revision(row) for row in connection.execute(query))
    return sorted(found, key=lambda revision: (revision.version, revision.number))


def read_versions(connection: Connection, service: str | None = None) -> list[ServiceVersion]:
    """The versions of a service (or of all), by name."""
    query = select(service_versions)
    if service is not None:
        query = query.where(service_versions.c.service == service)
    found = (ServiceVersion(**row._mapping) for row in connection.execute(query))
    return sorted(found, key=lambda version: version.name)


def write_revision(connection: Connection, workspace: str, revision: Revision) -> Revision:
    """The revision with its number, wanted from now on. Raises AlreadyExists."""
    kind = series(revision.service)
    number = next_number(connection, workspace, kind, revision.version)
    _want(connection, revision.service, revision.version, number)
    added = replace(revision, number=number)
    if not insert_new(connection, revisions, asdict(added)):
        raise AlreadyExists(f"There is a revision {revision.id!r} already.")
    return added


def write_version(
    connection: Connection, version: ServiceVersion, revision: Revision | None
) -> ServiceVersion:
    """Change one that is there; what it wants and what is live stay. Raises NotFound."""
    mine = _version(version.service, version.name)
    row = connection.execute(select(service_versions).where(*mine)).one_or_none()
    if row is None:
        raise NotFound(f"Service {version.service!r} has no version {version.name!r}.")
    switch = version.switch
    if switch == NEWEST:
        switch = revision.number if revision and revision.version == version.name else None
    after = replace(version, wanted=row.wanted, live=row.live, switch=switch)
    connection.execute(update(service_versions).where(*mine).values(**asdict(after)))
    return after


def missing_service(id: str) -> NotFound:
    """The error for a service that is not there."""
    return NotFound(f"There is no service with id {id!r}.")


def _hold_service(connection: Connection, id: str) -> str:
    """Its workspace; the service stays until the transaction ends."""
    query = select(services.c.workspace).where(services.c.id == id)
    held = query.with_for_update(read=True, key_share=True)
    workspace: str | None = connection.execute(held).scalar_one_or_none()
    if workspace is None:
        raise missing_service(id)
    return workspace


def _want(connection: Connection, service: str, version: str, number: int) -> None:
    row = {"service": service, "name": version, "wanted": number}
    statement = insert(connection, service_versions).values(**row)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[service_versions.c.service, service_versions.c.name],
            set_={"wanted": number},
        )
    )


def _version(service: str, name: str) -> list[ColumnElement[bool]]:
    return [service_versions.c.service == service, service_versions.c.name == name]


def _check_revision(connection: Connection, service: str, version: str, number: int) -> None:
    found = select(revisions.c.id).where(
        revisions.c.service == service,
        revisions.c.version == version,
        revisions.c.number == number,
    )
    if connection.execute(found).first() is None:
        raise NotFound(f"Version {version!r} of service {service!r} has no revision {number}.")


def _revision(row: Row[Any]) -> Revision:
    columns = dict(row._mapping)
    nested = {
        "content": value_of(columns["content"], RevisionContent),
        "state": RevisionState(columns["state"]),
        "notes": tuple(columns["notes"]),
    }
    return Revision(**{**columns, **nested})
