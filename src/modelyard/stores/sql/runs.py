"""Runs, their metrics and files in SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select, update
from sqlalchemy import insert as plain_insert

from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.domain.runs import Metric, MetricKind, Run, RunFile, RunStatus
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import has_entries, insert, insert_new, next_number
from modelyard.stores.sql.tables import experiments, open_jobs, run_files, runs
from modelyard.stores.sql.tables import metrics as logged

_FIXED = frozenset({"id", "workspace", "experiment", "number", "order"})


class SqlRunStore:
    """``RunStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, run: Run) -> Run:
        with self._database.write() as connection:
            _hold_experiment(connection, run)
            number = next_number(connection, run.workspace, "run", run.experiment)
            row = _row(run) | {name: getattr(run, name) for name in _FIXED - {"order"}}
            if not insert_new(connection, runs, row | {"number": number}):
                raise AlreadyExists(
                    f"There is a run {run.id!r} in workspace {run.workspace!r} already."
                )
            order = _seq(connection, run.workspace, run.id)
            if run.is_job and not run.status.terminal:
                connection.execute(plain_insert(open_jobs).values(run=order))
        return replace(run, number=number, order=order)

    def get(self, workspace: str, id: str) -> Run:
        with self._database.read() as connection:
            row = connection.execute(select(runs).where(*_is(workspace, id))).one_or_none()
        if row is None:
            raise _missing(workspace, id)
        return _run(row)

    def list(
        self,
        workspace: str,
        *,
        experiment: str | None = None,
        status: str | None = None,
        type: str | None = None,
        parent: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str | None] | None = None,
        include_children: bool = True,
        limit: int | None = None,
        before: int | None = None,
    ) -> Sequence[Run]:
        query = select(runs).where(runs.c.workspace == workspace)
        wanted = {"experiment": experiment, "status": status, "type": type, "parent": parent}
        query = query.where(*(runs.c[k] == v for k, v in wanted.items() if v is not None))
        if not include_children and parent is None:
            query = query.where(runs.c.parent.is_(None))
        if before is not None:
            query = query.where(runs.c.seq < before)
        with self._database.read() as connection:
            query = query.where(
                *has_entries(connection, runs.c.tags, tags or {}),
                *has_entries(connection, runs.c.properties, properties or {}),
            )
            rows = connection.execute(query.order_by(runs.c.seq.desc()).limit(limit)).all()
        return [_run(row) for row in rows]

    def change(self, workspace: str, id: str, decide: Callable[[Run], Run]) -> Run:
        with self._database.write() as connection:
            held = select(runs).where(*_is(workspace, id)).with_for_update()
            row = connection.execute(held).one_or_none()
            if row is None:
                raise _missing(workspace, id)
            before = _run(row)
            after = replace(decide(before), **{name: getattr(before, name) for name in _FIXED})
            connection.execute(update(runs).where(runs.c.seq == row.seq).values(**_row(after)))
            if after.status.terminal:
                connection.execute(delete(open_jobs).where(open_jobs.c.run == row.seq))
        return after

    def open_jobs(self) -> Sequence[Run]:
        query = select(runs).join(open_jobs, open_jobs.c.run == runs.c.seq).order_by(runs.c.seq)
        with self._database.read() as connection:
            return [_run(row) for row in connection.execute(query).all()]

    def add_metrics(self, workspace: str, id: str, metrics: Sequence[Metric]) -> None:
        with self._database.write() as connection:
            run = _seq(connection, workspace, id, hold=True)
            if metrics:
                connection.execute(plain_insert(logged), [_metric_row(run, m) for m in metrics])

    def metrics(self, workspace: str, id: str, name: str | None = None) -> Sequence[Metric]:
        with self._database.read() as connection:
            query = select(logged).where(logged.c.run == _seq(connection, workspace, id))
            if name is not None:
                query = query.where(logged.c.name == name)
            rows = connection.execute(query.order_by(logged.c.seq)).all()
        return [_metric(row) for row in rows]

    def put_files(self, workspace: str, id: str, files: Sequence[RunFile]) -> None:
        with self._database.write() as connection:
            run = _seq(connection, workspace, id, hold=True)
            last = {file.path: file for file in files}  # the same path twice: the last one stays
            if not last:
                return
            statement = insert(connection, run_files)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[run_files.c.run, run_files.c.path],
                    set_={
                        "sha256": statement.excluded.sha256,
                        "size": statement.excluded.size,
                    },
                ),
                [
                    {"run": run, "path": file.path, "sha256": file.sha256, "size": file.size}
                    for _, file in sorted(last.items())  # in one order, so that no two deadlock
                ],
            )

    def files(self, workspace: str, id: str) -> Sequence[RunFile]:
        with self._database.read() as connection:
            seq = _seq(connection, workspace, id)
            rows = connection.execute(select(run_files).where(run_files.c.run == seq)).all()
        found = (RunFile(row.path, row.sha256, row.size) for row in rows)
        return sorted(found, key=lambda file: file.path)


def _is(workspace: str, id: str) -> list[ColumnElement[bool]]:
    return [runs.c.workspace == workspace, runs.c.id == id]


def _missing(workspace: str, id: str) -> NotFound:
    return NotFound(f"There is no run {id!r} in workspace {workspace!r}.")


def _seq(connection: Connection, workspace: str, id: str, *, hold: bool = False) -> int:
    """The run's insertion number; with ``hold`` the run stays until the transaction ends."""
    query = select(runs.c.seq).where(*_is(workspace, id))
    if hold:
        query = query.with_for_update(read=True, key_share=True)
    found: int | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise _missing(workspace, id)
    return found


def _hold_experiment(connection: Connection, run: Run) -> None:
    query = select(experiments.c.name).where(
        experiments.c.workspace == run.workspace, experiments.c.name == run.experiment
    )
    if connection.execute(query.with_for_update(read=True, key_share=True)).first() is None:
        raise NotFound(
            f"There is no experiment {run.experiment!r} in workspace {run.workspace!r}."
        )


def _row(run: Run) -> dict[str, Any]:
    """The columns that may change."""
    return {f.name: getattr(run, f.name) for f in fields(run) if f.name not in _FIXED}


def _run(row: Row[Any]) -> Run:
    columns = dict(row._mapping)
    order, status = columns.pop("seq"), RunStatus(columns.pop("status"))
    return Run(**columns, status=status, order=order)


def _metric_row(run: int, metric: Metric) -> dict[str, Any]:
    return {
        "run": run,
        "name": metric.name,
        "kind": metric.kind,
        "value": metric.value,
        "logged": metric.logged,
        "step": metric.step,
        "description": metric.description,
    }


def _metric(row: Row[Any]) -> Metric:
    return Metric(
        name=row.name,
        kind=MetricKind(row.kind),
        value=row.value,
        logged=row.logged,
        step=row.step,
        description=row.description,
    )
