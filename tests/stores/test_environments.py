from modelyard.testing.conformance.stores.environments import EnvironmentStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, EnvironmentStoreSuite):
    pass


class TestSQLite(OverSQLite, EnvironmentStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, EnvironmentStoreSuite):
    pass
