"""What refers to manifests and files, in one look at the whole database."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import insert_new
from modelyard.stores.sql.tables import (
    builds,
    environments,
    images,
    manifests,
    models,
    open_jobs,
    revisions,
    run_files,
    runs,
)

_ROWS = 500


def manifest_references(connection: Connection) -> set[str]:
    """Digests of the manifests that models, runs, images and revisions hold."""
    found = set(connection.execute(select(models.c.manifest).distinct()).scalars())
    found |= set(connection.execute(select(runs.c.snapshot).distinct()).scalars())
    for content in _contents(connection):
        found.add(content["source"])
        found |= {model["manifest"] for model in content["models"]}
    return {digest for digest in found if digest}


def manifest_files(connection: Connection) -> Iterator[tuple[str, Sequence[str]]]:
    """Each manifest's digest with those of its files."""
    query = select(manifests.c.digest, manifests.c.body).order_by(manifests.c.digest)
    with connection.execute(query.execution_options(yield_per=_ROWS)) as result:
        for digest, body in result:
            yield digest, _files(body)


def run_file_references(connection: Connection) -> Iterator[str]:
    """Digests of the files that runs hold."""
    query = select(run_files.c.sha256).distinct()
    with connection.execute(query.execution_options(yield_per=_ROWS)) as result:
        yield from result.scalars()


def ids(connection: Connection, table: Table, column: str) -> set[str]:
    """All values of a column."""
    return set(connection.execute(select(table.c[column]).distinct()).scalars())


def recipes_in_use(connection: Connection) -> set[str]:
    """Digests of the environments of revisions, images and jobs that have not ended."""
    jobs = select(runs.c.definition).join(open_jobs, open_jobs.c.run == runs.c.seq)
    return {content["recipe"] for content in _contents(connection)} | {
        definition["job"].get("recipe", "") for definition in connection.execute(jobs).scalars()
    }


def builds_since(connection: Connection, moment: object) -> set[str]:
    """Digests of builds that were asked for or finished since then, or are not finished."""
    recent = (builds.c.requested >= moment) | (builds.c.finished >= moment)
    query = select(builds.c.digest).where(recent | builds.c.finished.is_(None))
    return set(connection.execute(query).scalars())


def manifest_bodies(
    database: Database, digests: Sequence[str]
) -> dict[str, tuple[str, Sequence[str]]]:
    """The stored text of some manifests, with the digests of their files."""
    query = select(manifests.c.digest, manifests.c.body).where(manifests.c.digest.in_(digests))
    with database.read() as connection:
        found = connection.execute(query).all()
    return {digest: (body, _files(body)) for digest, body in found}


def environment_definitions(connection: Connection) -> list[Mapping[str, Any]]:
    """What every version of every registered environment says."""
    return list(connection.execute(select(environments.c.definition)).scalars())


def remove_manifest(database: Database, digest: str, wanted: Callable[[], bool]) -> bool:
    """
    Remove a manifest unless ``wanted()`` says that it is needed after all; whether it is gone.

    It is asked when the row is removed but not yet committed: who adds the same manifest meanwhile
    waits for us, and then adds it anew or finds it as it was.
    """
    with database.write() as connection, connection.begin_nested() as point:
        connection.execute(delete(manifests).where(manifests.c.digest == digest))
        if wanted():
            point.rollback()
            return False
    return True


def restore_manifests(database: Database, bodies: dict[str, str]) -> list[str]:
    """Put back those that something refers to by now; which."""
    with database.write() as connection:
        needed = sorted(manifest_references(connection) & bodies.keys())
        for digest in needed:
            insert_new(connection, manifests, {"digest": digest, "body": bodies[digest]})
    return needed


def _contents(connection: Connection) -> Iterator[Mapping[str, Any]]:
    """What revisions and images hold."""
    for table in (revisions, images):
        yield from connection.execute(select(table.c.content)).scalars()


def _files(body: str) -> list[str]:
    return [row[1] for row in json.loads(body)["files"]]
