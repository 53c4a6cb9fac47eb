"""One real server for all tests of the SDK that need one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard import Workspace
from tests.e2e.harness import Yard, yard


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with yard(tmp_path_factory.mktemp("sdk")) as place:
        yield place


@pytest.fixture
def sdk(server: Yard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Yard:
    """The SDK of this process speaks to the server; the working folder is a fresh one."""
    monkeypatch.setenv("MODELYARD_HOME", str(server.home))
    for name in ("MODELYARD_URL", "MODELYARD_TOKEN", "AZUREML_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return server


_count = iter(range(1000))


@pytest.fixture
def ws(sdk: Yard) -> Workspace:
    """A workspace of its own for each test."""
    return Workspace.create(f"ws{next(_count)}", show_output=False)
