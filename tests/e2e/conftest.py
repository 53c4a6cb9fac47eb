"""One server per test module."""

from collections.abc import Iterator

import pytest

from tests.e2e.harness import Yard, yard


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A running Modelyard that the tests of one module share."""
    with yard(tmp_path_factory.mktemp("yard")) as place:
        yield place


@pytest.fixture
def sdk(server: Yard, monkeypatch: pytest.MonkeyPatch, tmp_path) -> Yard:
    """The SDK of this process speaks to the server; the working folder is a fresh one."""
    for name in ("MODELYARD_HOME", "MODELYARD_PORT"):
        monkeypatch.setenv(name, server.environment[name])
    monkeypatch.chdir(tmp_path)
    return server
