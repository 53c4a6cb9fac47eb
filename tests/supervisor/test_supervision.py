import pytest

from modelyard.supervisor.files import FileSupervision
from modelyard.testing.conformance.supervision import SupervisionContract
from modelyard.testing.supervision import FakeSupervision
from tests.supervisor.yard import Yard


class TestFileSupervision(SupervisionContract):
    @pytest.fixture
    def supervision(self, yard: Yard) -> FileSupervision:
        return yard.supervision


class TestFakeSupervision(SupervisionContract):
    @pytest.fixture
    def supervision(self) -> FakeSupervision:
        return FakeSupervision()
