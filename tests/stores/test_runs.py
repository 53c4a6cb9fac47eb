from modelyard.testing.conformance.stores.runs import RunStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, RunStoreSuite):
    pass


class TestSQLite(OverSQLite, RunStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, RunStoreSuite):
    pass
