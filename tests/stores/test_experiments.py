from modelyard.testing.conformance.stores.experiments import ExperimentStoreSuite
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite


class TestMemory(OverMemory, ExperimentStoreSuite):
    pass


class TestSQLite(OverSQLite, ExperimentStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, ExperimentStoreSuite):
    pass
