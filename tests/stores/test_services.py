from modelyard.testing.conformance.stores.services import ServiceStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, ServiceStoreSuite):
    pass


class TestSQLite(OverSQLite, ServiceStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, ServiceStoreSuite):
    pass
