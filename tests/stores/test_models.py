from modelyard.testing.conformance.stores.models import ModelStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, ModelStoreSuite):
    pass


class TestSQLite(OverSQLite, ModelStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, ModelStoreSuite):
    pass
