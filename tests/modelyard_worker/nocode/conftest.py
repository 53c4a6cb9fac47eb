import sys
from collections.abc import Callable

import pytest

from tests.modelyard_worker.conftest import StartWorker
from tests.modelyard_worker.nocode.asking import NoCodeWorker
from tests.modelyard_worker.nocode.environments import python_of

StartModel = Callable[..., NoCodeWorker]


@pytest.fixture
def serve_model(launch: StartWorker) -> StartModel:
    """Starts workers: ``serve_model("Onnx", path, sample=…, python=…)``."""

    def start(framework: str, path, python: str = sys.executable, **more) -> NoCodeWorker:
        worker = NoCodeWorker(launch(None, python))
        worker.start(framework, path, **more)
        return worker

    return start


@pytest.fixture
def fail_model(launch: StartWorker):
    """Starts a worker that cannot serve its model; gives the FAULT's head."""

    def start(framework: str, path, python: str = sys.executable, **more) -> dict:
        return NoCodeWorker(launch(None, python)).fail(framework, path, **more)

    return start


@pytest.fixture(scope="session")
def tables() -> str:
    """The interpreter of an environment with everything for tables of numbers."""
    return python_of("tables")


@pytest.fixture(scope="session")
def tensorflow() -> str:
    return python_of("tensorflow")


@pytest.fixture(scope="session")
def torch() -> str:
    """The interpreter of an environment with torch and transformers."""
    return python_of("torch")
