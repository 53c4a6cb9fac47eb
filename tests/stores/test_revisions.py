from modelyard.testing.conformance.stores.revisions import RevisionSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, RevisionSuite):
    pass


class TestSQLite(OverSQLite, RevisionSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, RevisionSuite):
    pass
