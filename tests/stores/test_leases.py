from modelyard.testing.conformance.stores.leases import LeaseStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, LeaseStoreSuite):
    pass


class TestSQLite(OverSQLite, LeaseStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, LeaseStoreSuite):
    pass
