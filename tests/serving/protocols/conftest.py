from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest

from tests.serving import models
from tests.serving.fronts import Front


@pytest.fixture(scope="module")
def linear(runtime: Path) -> Iterator[Front]:
    """A regression on three named columns, served without a script; shared by a file's tests."""
    yield from _front(runtime, "", models.linear)


@pytest.fixture(scope="module")
def classifier(runtime: Path) -> Iterator[Front]:
    """A classifier on arrays, served without a script."""
    yield from _front(runtime, "", models.classifier)


def _front(
    runtime: Path, script: str, spec: Callable[[Path], dict[str, object]]
) -> Iterator[Front]:
    folder = Path(mkdtemp(prefix="my-"))
    front = Front(folder, runtime, script, **spec(folder))
    try:
        front.wait_for("ready", 60)
        yield front
    finally:
        front.close()
        rmtree(folder, ignore_errors=True)
