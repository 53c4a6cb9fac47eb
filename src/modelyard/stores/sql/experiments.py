"""Experiments in SQL."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from modelyard.domain.errors import InUse, NotFound
from modelyard.domain.experiments import Experiment
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import hold_workspace, insert_new
from modelyard.stores.sql.tables import experiments, runs


class SqlExperimentStore:
    """``ExperimentStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure(self, experiment: Experiment) -> Experiment:
        with self._database.write() as connection:
            hold_workspace(connection, experiment.workspace)
            insert_new(connection, experiments, asdict(experiment))
            return _read(connection, experiment.workspace, experiment.name)

    def get(self, workspace: str, name: str) -> Experiment:
        with self._database.read() as connection:
            return _read(connection, workspace, name)

    def list(self, workspace: str) -> Sequence[Experiment]:
        query = select(experiments).where(experiments.c.workspace == workspace)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return sorted((Experiment(**row._mapping) for row in rows), key=lambda found: found.name)

    def update(self, experiment: Experiment) -> None:
        change = (
            update(experiments)
            .where(*_is(experiment.workspace, experiment.name))
            .values(tags=experiment.tags, archived=experiment.archived)
        )
        with self._database.write() as connection:
            if connection.execute(change).rowcount == 0:
                raise _missing(experiment.workspace, experiment.name)

    def remove(self, workspace: str, name: str) -> None:
        with self._database.write() as connection:
            held = select(experiments.c.name).where(*_is(workspace, name)).with_for_update()
            if connection.execute(held).first() is None:
                raise _missing(workspace, name)
            _refuse_with_runs(connection, workspace, name)
            connection.execute(delete(experiments).where(*_is(workspace, name)))


def _is(workspace: str, name: str) -> list[ColumnElement[bool]]:
    return [experiments.c.workspace == workspace, experiments.c.name == name]


def _missing(workspace: str, name: str) -> NotFound:
    return NotFound(f"There is no experiment {name!r} in workspace {workspace!r}.")


def _read(connection: Connection, workspace: str, name: str) -> Experiment:
    row = connection.execute(select(experiments).where(*_is(workspace, name))).one_or_none()
    if row is None:
        raise _missing(workspace, name)
    return Experiment(**row._mapping)


def _refuse_with_runs(connection: Connection, workspace: str, name: str) -> None:
    count = connection.execute(
        select(func.count()).where(runs.c.workspace == workspace, runs.c.experiment == name)
    ).scalar_one()
    if count:
        raise InUse(f"Experiment {name!r} has {count} runs. Archive it instead.")
