from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.yard import Yard


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A gateway that runs, with an empty table."""
    made = Yard(tmp_path)
    try:
        yield made.up()
    finally:
        made.close()


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Yard]:
    """A gateway whose process nobody started."""
    made = Yard(tmp_path)
    try:
        yield made
    finally:
        made.close()
