from modelyard.testing.conformance.stores.rollouts import RolloutSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, RolloutSuite):
    pass


class TestSQLite(OverSQLite, RolloutSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, RolloutSuite):
    pass
