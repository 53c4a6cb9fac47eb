from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest

from tests.serving import models
from tests.serving.fronts import Front


@pytest.fixture(scope="module")
def linear(runtime: Path) -> Iterator[Front]:
    """A regression on three named columns, served without a script; shared by a file's tests."""
    folder = Path(mkdtemp(prefix="my-"))
    front = Front(folder, runtime, "", **models.linear(folder))
    try:
        front.wait_for("ready", 60)
        yield front
    finally:
        front.close()
        rmtree(folder, ignore_errors=True)
