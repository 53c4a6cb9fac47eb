from modelyard.testing.conformance.stores.workspaces import WorkspaceStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, WorkspaceStoreSuite):
    pass


class TestSQLite(OverSQLite, WorkspaceStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, WorkspaceStoreSuite):
    pass
