"""Blue/green with real processes: a good version, a broken one, and a control plane killed."""

import os
import signal
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.harness import Yard
from tests.e2e.load import load
from tests.e2e.versions import Address, address
from tests.usecases.yard import tar_of
from tests.waiting import wait_until

BROKEN = (
    "def init():\n    raise FileNotFoundError('weights.bin is not there')\n\ndef run(data): pass\n"
)
SLOW = """
import os, time
def init():
    time.sleep(float(os.environ.get("PATIENCE", "0")))
def run(data):
    return {"answer": "green"}
"""


_numbers = count(1)


@pytest.fixture
def blue(sdk: Yard, tmp_path: Path) -> Address:
    """A service of its own of which one version serves, and answers 'blue'."""
    return address(sdk, tmp_path, "switching", f"svc-{next(_numbers)}", "blue")


def script(blue: Address, text: str) -> str:
    """The digest of a source folder with that scoring script."""
    headers = {"Content-Type": "application/x-tar"}
    body = tar_of({"score.py": text})
    return str(blue.yard.call("POST", "/snapshots", body=body, headers=headers).json()["digest"])


def kill_control(yard: Yard) -> None:
    for pid in yard.pids("modelyard.bootstrap.control"):
        os.kill(pid, signal.SIGKILL)


def api_is_back(yard: Yard) -> None:
    wait_until(lambda: yard.call("GET", "/health").status == 200, what="the API to be back")


def test_a_new_version_takes_over_and_nobody_notices(blue: Address) -> None:
    uri = f"{blue.yard.url}/serve/{blue.workspace}/{blue.name}/score"
    with load(uri, blue.key) as seen:
        blue.make("green", strategy="blue-green", keep_warm=600.0)
        wait_until(lambda: blue.call("GET")["default_version"] == "green", what="the switch")
        seen.more(100)
        back = blue.call("POST", "/rollback", why="just to try")
        seen.more(100)

    assert seen.failures == []
    assert set(seen.answers) == {"blue", "green"}
    assert back["in_force"]
    assert blue.count(10) == Counter(blue=10)
    assert [e["what"] for e in blue.events()] == [
        "rollback",
        "switched",
        "version created",
        "deployed",
    ]


def test_a_broken_version_changes_nothing_and_says_why(blue: Address) -> None:
    source = script(blue, BROKEN)
    before = blue.ask()

    blue.call(
        "POST",
        "/versions",
        expect=201,
        name="green",
        content={"source": source},
        strategy="blue-green",
    )
    wait_until(lambda: blue.version("green")["state"] == "Failed", what="green to fail")

    green = blue.version("green")
    assert "weights.bin is not there" in green["error"]["message"]
    assert "FileNotFoundError" in green["error"]["traceback"]
    assert blue.ask() == before
    whole = blue.call("GET")
    assert whole["state"] == "Healthy"
    assert any("version green is Failed" in note for note in whole["notes"])
    wait_until(lambda: blue.events()[0]["what"] == "switch given up", what="the event")


def test_the_old_version_stops_by_itself_and_a_rollback_starts_it(blue: Address) -> None:
    old = blue.call("GET")["default_version"]
    blue.make("green", strategy="blue-green", keep_warm=0.0)
    wait_until(lambda: blue.version(old)["state"] == "Stopped", what="the old one to stop")
    assert blue.count(5) == Counter(green=5)
    uri = f"{blue.yard.url}/serve/{blue.workspace}/{blue.name}/score"

    with load(uri, blue.key) as seen:
        blue.call("POST", "/rollback")
        wait_until(lambda: blue.ask()[1] == "blue", what="the old one to answer")

    assert seen.failures == []


@pytest.mark.slow
@pytest.mark.parametrize("patience", [0.0, 0.3, 0.6, 1.0, 1.5])
def test_a_control_plane_killed_on_the_way_goes_on_where_it_was(
    blue: Address, patience: float
) -> None:
    source = script(blue, SLOW)
    uri = f"{blue.yard.url}/serve/{blue.workspace}/{blue.name}/score"

    with load(uri, blue.key) as seen:
        blue.call(
            "POST",
            "/versions",
            expect=201,
            name="green",
            content={"source": source, "variables": {"PATIENCE": str(patience)}},
            strategy="blue-green",
        )
        began = seen.total
        wait_until(lambda: seen.total > began + 5, what="callers to go on")
        kill_control(blue.yard)
        api_is_back(blue.yard)
        wait_until(lambda: blue.call("GET")["default_version"] == "green", what="the switch")
        seen.more(50)

    assert seen.failures == []
    assert [e["what"] for e in blue.events()][:2] == ["switched", "version created"]
    assert blue.count(5) == Counter(green=5)


@pytest.mark.slow
def test_a_change_whose_control_plane_is_killed_is_whole_or_not_at_all(blue: Address) -> None:
    blue.make("green")
    blue.ready("green")
    old = blue.call("GET")["default_version"]
    uri = f"{blue.yard.url}/serve/{blue.workspace}/{blue.name}/score"

    with load(uri, blue.key) as seen:
        for share in (10, 100):
            kill_control(blue.yard)
            api_is_back(blue.yard)
            assert blue.traffic(**{old: 100 - share, "green": share})["in_force"]
            kill_control(blue.yard)
            seen.more(20)
        api_is_back(blue.yard)

    assert seen.failures == []
    assert blue.call("GET", "/traffic")["shares"] == {old: 0.0, "green": 100.0}
    assert blue.count(5) == Counter(green=5)
