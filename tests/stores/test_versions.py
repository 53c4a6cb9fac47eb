from modelyard.testing.conformance.stores.versions import VersionSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, VersionSuite):
    pass


class TestSQLite(OverSQLite, VersionSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, VersionSuite):
    pass
