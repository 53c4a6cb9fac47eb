"""What must stay quick when there is much of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.stores.sql.opening import over
from modelyard.stores.sql.schema import migrate
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from tests.stores.backends import SECRET


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(connect(f"sqlite:///{tmp_path}/modelyard.db"))
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def stores(database: Database) -> Stores:
    return samples.furnished(over(database, SECRET))


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


def test_a_thousand_services_are_listed_by_one_statement(
    database: Database, stores: Stores
) -> None:
    for number in range(1000):
        service = samples.service(f"svc{number}", tags={"n": str(number)})
        stores.services.add(service, samples.KEYS)

    with counted(database) as statements:
        assert len(stores.services.list()) == 1000
        assert stores.services.get("lab", "svc777").tags == {"n": "777"}

    assert len(statements) == 2


def test_runs_are_found_by_one_statement_and_an_index(database: Database, stores: Stores) -> None:
    for number in range(50):
        stores.runs.add(samples.run(f"r{number}", tags={"n": str(number)}))

    with counted(database) as statements:
        assert len(stores.runs.list("lab", tags={"n": None}, limit=10)) == 10

    assert len(statements) == 1
    plan = f"EXPLAIN QUERY PLAN {statements[0]}"
    with database.read() as connection:
        steps = connection.exec_driver_sql(plan, ("lab", "n", 10, 0)).all()
    assert "ix_runs_workspace_seq" in str(steps)
    assert "TEMP B-TREE" not in str(steps)


def test_metrics_of_a_batch_are_written_by_one_transaction(
    database: Database, stores: Stores
) -> None:
    stores.runs.add(samples.run())

    with counted(database) as statements:
        stores.runs.add_metrics("lab", "run-1", [samples.metric(step=n) for n in range(100)])

    assert len(statements) == 2
    assert len(stores.runs.metrics("lab", "run-1")) == 100
