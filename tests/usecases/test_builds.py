"""Builds end, whatever becomes of their log."""

from pathlib import Path

import pytest

from modelyard.domain.environments import Build, BuildState, Recipe
from modelyard.testing.builder import FakeBuilder
from modelyard.testing.clock import FakeClock
from modelyard.testing.stores import memory_stores
from modelyard.usecases.builds import Builds
from tests.waiting import wait_until

RECIPE = Recipe("3.11", ("six",))


def built(logs: Path) -> BuildState:
    """The state of a build once it is no longer on its way."""
    store = memory_stores().environments
    clock = FakeClock()
    store.ensure_build(Build(RECIPE.digest, RECIPE, BuildState.QUEUED, clock.now()))
    builds = Builds(store, FakeBuilder(), logs, clock, lambda: None)
    builds.start_all()
    ended = {BuildState.SUCCEEDED, BuildState.FAILED}
    wait_until(lambda: store.get_build(RECIPE.digest).state in ended, what="the build to end")
    return store.get_build(RECIPE.digest).state


def test_a_build_keeps_its_log(tmp_path: Path) -> None:
    assert built(tmp_path / "logs") is BuildState.SUCCEEDED
    assert (tmp_path / "logs" / f"{RECIPE.digest}.log").exists()


def test_a_log_folder_that_cannot_be_made_costs_the_log_alone(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")

    assert built(tmp_path / "taken" / "logs") is BuildState.SUCCEEDED


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_costs_the_log_alone(tmp_path: Path) -> None:
    (tmp_path / f"{RECIPE.digest}.log").symlink_to("/dev/full")

    assert built(tmp_path) is BuildState.SUCCEEDED
