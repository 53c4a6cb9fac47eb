"""What the suites run over: inherit one of these beside a suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from modelyard.stores.sql.database import Database
from modelyard.stores.sql.opening import open_sql, over
from modelyard.stores.sql.tables import metadata
from modelyard.stores.stores import Stores
from modelyard.testing.stores import memory_stores

SECRET = Fernet.generate_key()


class OverMemory:
    @pytest.fixture
    def stores(self) -> Stores:
        return memory_stores()


class OverSQLite:
    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[Stores]:
        stores = open_sql(f"sqlite:///{tmp_path}/modelyard.db", SECRET)
        yield stores
        stores.close()


class OverPostgreSQL:
    @pytest.fixture
    def stores(self, postgres: Database) -> Stores:
        with postgres.write() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
        return over(postgres, SECRET)
