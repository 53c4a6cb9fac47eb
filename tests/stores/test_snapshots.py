from modelyard.testing.conformance.stores.snapshots import SnapshotStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, SnapshotStoreSuite):
    pass


class TestSQLite(OverSQLite, SnapshotStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, SnapshotStoreSuite):
    pass
