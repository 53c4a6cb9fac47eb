"""Marks the services of a restored database so that the next control plane starts them."""

from sqlalchemy import Connection, select, update

from modelyard.domain.services import Revision, RevisionContent, RevisionState, ServiceVersion
from modelyard.stores.contents import value_of
from modelyard.stores.sql.tables import revisions, service_versions
from modelyard.usecases.revive import revived


def begin_anew(connection: Connection) -> None:
    """For every version of every service."""
    for row in connection.execute(select(service_versions)).all():
        version = ServiceVersion(**row._mapping)
        revival = revived(version, _revisions(connection, version))
        connection.execute(
            update(service_versions)
            .where(
                service_versions.c.service == version.service,
                service_versions.c.name == version.name,
            )
            .values(live=revival.live)
        )
        for id, state in revival.states.items():
            change = update(revisions).where(revisions.c.id == id)
            connection.execute(change.values(state=state, error=None))


def _revisions(connection: Connection, version: ServiceVersion) -> list[Revision]:
    query = select(revisions).where(
        revisions.c.service == version.service, revisions.c.version == version.name
    )
    found = []
    for row in connection.execute(query):
        columns = dict(row._mapping)
        nested = {
            "content": value_of(columns["content"], RevisionContent),
            "state": RevisionState(columns["state"]),
            "notes": tuple(columns["notes"]),
        }
        found.append(Revision(**{**columns, **nested}))
    return found
