from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.domain.environments import EnvironmentDefinition
from modelyard.environments.uv_builder import UvBuilder
from tests.environments.shared import shared_environments_path
from tests.environments.wheels import make_wheel


@pytest.fixture
def shared_environments() -> Path:
    return shared_environments_path()


@pytest.fixture
def shared_builder(shared_environments: Path, tmp_path: Path) -> Iterator[UvBuilder]:
    builder = UvBuilder(shared_environments, tmp_path / "logs")
    yield builder
    builder.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "environments"


@pytest.fixture
def builder(folder: Path, tmp_path: Path) -> Iterator[UvBuilder]:
    builder = UvBuilder(folder, tmp_path / "logs")
    yield builder
    builder.close()


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    make_wheel(tmp_path / "wheels", "tinything", "1.0")
    make_wheel(tmp_path / "wheels", "tinything", "2.0")
    make_wheel(tmp_path / "wheels", "tinyuser", "1.0", needs="tinything<2")
    return tmp_path / "wheels"


@pytest.fixture
def offline(wheels: Path) -> tuple[str, ...]:
    return ("--no-index", f"--find-links {wheels}")


@pytest.fixture
def tiny(offline: tuple[str, ...]) -> EnvironmentDefinition:
    return EnvironmentDefinition("tiny", pip_packages=("tinything",), pip_options=offline)
