from modelyard.testing.conformance.stores.events import EventSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, EventSuite):
    pass


class TestSQLite(OverSQLite, EventSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, EventSuite):
    pass
