"""A server for the tests that need one."""

from collections.abc import Iterator

import pytest

from tests.e2e.harness import Yard, yard


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with yard(tmp_path_factory.mktemp("azureml")) as place:
        yield place
