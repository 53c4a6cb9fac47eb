from modelyard.testing.conformance.stores.tokens import TokenStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, TokenStoreSuite):
    pass


class TestSQLite(OverSQLite, TokenStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, TokenStoreSuite):
    pass
