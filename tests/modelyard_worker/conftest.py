import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import modelyard_worker
from tests.modelyard_worker import interpreters
from tests.modelyard_worker.worker import WorkerProcess, write_script

StartWorker = Callable[..., WorkerProcess]


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds modelyard_worker alone, as on PYTHONPATH of every worker."""
    folder = tmp_path_factory.mktemp("runtime")
    source = Path(modelyard_worker.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, folder / "modelyard_worker", ignore=ignored)
    return folder


@pytest.fixture(params=["3.7", interpreters.PRESENT])
def python(request: pytest.FixtureRequest) -> str:
    """An old interpreter and the one that runs the tests."""
    if request.param not in interpreters.found():
        pytest.skip(f"there is no Python {request.param} on this machine")
    return interpreters.found()[request.param]


@pytest.fixture
def launch(runtime: Path, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts workers and leaves none behind: ``launch(script, python=…, AZUREML_MODEL_DIR=…)``."""
    workers: list[WorkerProcess] = []

    def start(script: str | None, python: str = sys.executable, **variables: str) -> WorkerProcess:
        folder = tmp_path / f"app{len(workers)}"
        folder.mkdir(exist_ok=True)
        if script is not None:
            write_script(folder, script)
        workers.append(WorkerProcess(python, runtime, folder, variables))
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()


@pytest.fixture
def serve(launch: StartWorker) -> StartWorker:
    """Like ``launch``, with both HELLOs done and init() passed."""

    def start(script: str, python: str = sys.executable, **variables: str) -> WorkerProcess:
        worker = launch(script, python, **variables)
        answer = worker.greet()
        assert answer.head.get("ready"), answer.head
        return worker

    return start
