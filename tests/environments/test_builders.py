"""What the port promises, of the real builder and of the fake."""

import pytest

from modelyard.domain.environments import EnvironmentDefinition
from modelyard.testing.builder import FakeBuilder
from modelyard.testing.conformance.builders import EnvironmentBuilderContract


class TestUvBuilder(EnvironmentBuilderContract):
    @pytest.fixture
    def definition(self, tiny: EnvironmentDefinition) -> EnvironmentDefinition:
        return tiny

    @pytest.fixture
    def unbuildable(self, offline: tuple[str, ...]) -> EnvironmentDefinition:
        return EnvironmentDefinition(
            "bad", pip_packages=("modelyard-no-such-package",), pip_options=offline
        )


class TestFakeBuilder(EnvironmentBuilderContract):
    @pytest.fixture
    def builder(self) -> FakeBuilder:
        return FakeBuilder(unknown={"modelyard-no-such-package"})
