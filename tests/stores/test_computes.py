from modelyard.testing.conformance.stores.computes import ComputeStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, ComputeStoreSuite):
    pass


class TestSQLite(OverSQLite, ComputeStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, ComputeStoreSuite):
    pass
