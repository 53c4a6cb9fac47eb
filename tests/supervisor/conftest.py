from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervisor.yard import Yard, yard_in


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    with yard_in(tmp_path / "home") as made:
        yield made
