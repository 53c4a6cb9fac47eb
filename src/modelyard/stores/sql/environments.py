"""Registered environments, and builds of recipes, in SQL."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update

from modelyard.domain.environments import (
    Build,
    BuildState,
    Environment,
    EnvironmentDefinition,
    Recipe,
)
from modelyard.domain.errors import NotFound
from modelyard.stores import documents
from modelyard.stores.contents import value_of
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import (
    hold_series,
    hold_workspace,
    insert_new,
    next_number,
)
from modelyard.stores.sql.tables import builds, environments


class SqlEnvironmentStore:
    """``EnvironmentStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, environment: Environment) -> Environment:
        series = (environment.workspace, "environment", environment.name)
        content = fingerprint(environment.definition)
        equal = environments.c.content == content
        with self._database.write() as connection:
            hold_workspace(connection, environment.workspace)
            hold_series(connection, *series)  # two who add the same get one version
            known = _first(connection, *_named(environment.workspace, environment.name), equal)
            if known is not None:
                return known
            added = replace(environment, version=next_number(connection, *series))
            row = asdict(added) | {"content": content}
            connection.execute(insert(environments).values(**row))
        return added

    def get(self, workspace: str, name: str, version: int | None = None) -> Environment:
        criteria = _named(workspace, name)
        if version is not None:
            criteria.append(environments.c.version == version)
        with self._database.read() as connection:
            found = _first(connection, *criteria)
        if found is None:
            which = name if version is None else f"{name}:{version}"
            raise NotFound(f"There is no environment {which!r} in workspace {workspace!r}.")
        return found

    def list(self, workspace: str) -> Sequence[Environment]:
        newest = (
            select(environments.c.name, func.max(environments.c.version).label("version"))
            .where(environments.c.workspace == workspace)
            .group_by(environments.c.name)
            .subquery()
        )
        same = and_(
            environments.c.name == newest.c.name, environments.c.version == newest.c.version
        )
        query = select(environments).join(newest, same)
        query = query.where(environments.c.workspace == workspace)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return sorted((_environment(row) for row in rows), key=lambda found: found.name)

    def ensure_build(self, build: Build) -> Build:
        with self._database.write() as connection:
            if insert_new(connection, builds, _build_row(build)):
                return build
            present = _read_build(connection, build.digest, hold=True)
            if present.state != BuildState.FAILED:
                return present
            again = replace(build, state=BuildState.QUEUED, finished=None, error=None)
            connection.execute(_change_build(again, **_build_row(again)))
        return again

    def get_build(self, digest: str) -> Build:
        with self._database.read() as connection:
            return _read_build(connection, digest)

    def list_builds(self, *states: BuildState) -> Sequence[Build]:
        query = select(builds).order_by(builds.c.requested, builds.c.seq)
        if states:
            query = query.where(builds.c.state.in_(states))
        with self._database.read() as connection:
            return [_build(row) for row in connection.execute(query)]

    def update_build(self, build: Build) -> None:
        change = _change_build(
            build, state=build.state, finished=build.finished, error=build.error
        )
        with self._database.write() as connection:
            if connection.execute(change).rowcount == 0:
                raise _missing_build(build.digest)


def fingerprint(definition: EnvironmentDefinition) -> str:
    """SHA-256 of what the user wrote, the same for equal definitions."""
    written = documents.encode(_sorted(asdict(definition)))
    return hashlib.sha256(written.encode()).hexdigest()


def _sorted(value: Any) -> Any:
    """Mappings by key: equal mappings are written alike, whatever their order was."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(part) for part in value] if isinstance(value, list | tuple) else value


def _named(workspace: str, name: str) -> list[ColumnElement[bool]]:
    return [environments.c.workspace == workspace, environments.c.name == name]


def _first(connection: Connection, *criteria: ColumnElement[bool]) -> Environment | None:
    query = select(environments).where(*criteria).order_by(environments.c.version.desc())
    row = connection.execute(query.limit(1)).first()
    return None if row is None else _environment(row)


def _environment(row: Row[Any]) -> Environment:
    return Environment(
        workspace=row.workspace,
        name=row.name,
        version=row.version,
        definition=value_of(row.definition, EnvironmentDefinition),
        created=row.created,
    )


def _build_row(build: Build) -> dict[str, Any]:
    return {
        "digest": build.digest,
        "recipe": asdict(build.recipe),
        "state": build.state,
        "requested": build.requested,
        "finished": build.finished,
        "error": build.error,
    }


def _change_build(build: Build, **columns: Any) -> Any:
    return update(builds).where(builds.c.digest == build.digest).values(**columns)


def _missing_build(digest: str) -> NotFound:
    return NotFound(f"There is no build of the environment {digest}.")


def _read_build(connection: Connection, digest: str, *, hold: bool = False) -> Build:
    query = select(builds).where(builds.c.digest == digest)
    row = connection.execute(query.with_for_update() if hold else query).one_or_none()
    if row is None:
        raise _missing_build(digest)
    return _build(row)


def _build(row: Row[Any]) -> Build:
    return Build(
        digest=row.digest,
        recipe=value_of(row.recipe, Recipe),
        state=BuildState(row.state),
        requested=row.requested,
        finished=row.finished,
        error=row.error,
    )
