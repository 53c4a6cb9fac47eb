import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import modelyard_worker
from tests.serving.fronts import ECHO, Front


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worker alone in a folder, as every release lays it out."""
    folder = tmp_path_factory.mktemp("runtime")
    source = Path(str(modelyard_worker.__file__)).parent
    shutil.copytree(
        source, folder / "modelyard_worker", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a name short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="my-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(short_folder: Path, runtime: Path) -> Iterator[Callable[..., Front]]:
    """Starts fronts; whatever the test does they are gone at its end."""
    fronts: list[Front] = []

    def make(script: str = ECHO, *, state: str = "ready", **spec: Any) -> Front:
        folder = short_folder / str(len(fronts))
        folder.mkdir()
        front = Front(folder, spec.pop("runtime", runtime), script, **spec)
        fronts.append(front)
        if state:
            front.wait_for(state)
        return front

    yield make
    for front in fronts:
        front.close()
