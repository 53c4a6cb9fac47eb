"""A control plane over fakes for each test."""

from pathlib import Path

import pytest

from tests.usecases.yard import Yard


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = Yard(tmp_path)
    made.workspace()
    return made
