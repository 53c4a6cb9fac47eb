"""A release is replaced by the next one under load: nobody notices."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from modelyard import Workspace
from tests.e2e.deploying import config, deploy
from tests.e2e.harness import Yard, free_port
from tests.e2e.load import load
from tests.e2e.wheels import build, install, make_environment
from tests.waiting import wait_until

OLD = "0.0.9"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("wheels")
    return build(folder, OLD), build(folder)


@pytest.fixture
def old(
    tmp_path: Path, wheels: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Yard]:
    """The old release, running from an environment of its own."""
    python = make_environment(tmp_path / "env")
    install(python, wheels[0])
    yard = Yard(home=tmp_path / "home", port=free_port(), python=str(python))
    for name in ("MODELYARD_HOME", "MODELYARD_PORT"):
        monkeypatch.setenv(name, yard.environment[name])
    monkeypatch.chdir(tmp_path)
    try:
        yard.up()
        yield yard
    finally:
        yard.down()
        yard.kill_all()


def release(yard: Yard) -> str | None:
    """What the server says of itself; None while it does not answer."""
    answer = yard.call("GET", "/health")
    return json.loads(answer.data)["version"] if answer.status == 200 else None


def runtimes(yard: Yard) -> set[str]:
    """The copies of the worker that fronts were started with."""
    specs = (yard.home / "run/fronts").glob("*.json")
    return {json.loads(spec.read_text())["runtime"] for spec in specs}


def keep_serving(yard: Yard) -> None:
    yard.run(yard.python, "-m", "modelyard", "down", "--keep-serving")


def test_no_request_fails_while_the_server_is_upgraded(
    old: Yard, wheels: tuple[Path, Path], tmp_path: Path
) -> None:
    ws = Workspace.create("upgraded")
    services = [deploy(ws, name, config(tmp_path / name, ANSWER=name)) for name in ("one", "two")]
    assert release(old) == OLD
    fronts, before = set(old.pids("modelyard.bootstrap.front")), runtimes(old)

    with (
        load(services[0].scoring_uri, services[0].get_keys()[0], clients=4) as one,
        load(services[1].scoring_uri, services[1].get_keys()[0], clients=4) as two,
    ):
        one.more(100)
        keep_serving(old)
        one.more(100)
        install(Path(old.python), wheels[1])
        one.more(100)
        old.up()
        wait_until(lambda: release(old) == version("modelyard"), 60, "the new release")
        wait_until(
            lambda: not fronts & set(old.pids("modelyard.bootstrap.front")), 120, "new fronts"
        )
        one.more(100)
        two.more(100)

    assert one.failures == []
    assert two.failures == []
    assert (set(one.answers), set(two.answers)) == ({"one"}, {"two"})
    assert len(before) == 1
    assert len(runtimes(old)) == 1
    assert not before & runtimes(old)
    assert [s.state for s in services] == ["Healthy", "Healthy"]
