from modelyard.testing.conformance.stores.images import ImageStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, ImageStoreSuite):
    pass


class TestSQLite(OverSQLite, ImageStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, ImageStoreSuite):
    pass
