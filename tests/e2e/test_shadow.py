"""A version that gets copies of requests, from the gateway to the report."""

import json
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modelyard import Endpoint, Workspace
from modelyard.sdk.shadows import ShadowReport
from tests.e2e.deploying import config, deploy
from tests.e2e.harness import Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow  # a server and several fronts

SCRIPT = """
import json, os, time
OFFSET = float(os.environ.get("OFFSET", 0))

def init():
    pass

def run(data):
    x = json.loads(data)["x"]
    time.sleep(float(os.environ.get("SLEEP", 0)))
    if x == 9 and OFFSET:
        raise ValueError("no 9 here")
    return {"price": 100.0 + (OFFSET if x > 5 else 0)}
"""


class Prices:
    """An endpoint whose version 'green' differs where x is over 5, and fails where it is 9."""

    def __init__(self, yard: Yard, folder: Path, name: str, **green: str) -> None:
        self.yard = yard
        self.folder = folder
        ws = Workspace.create("lab", exist_ok=True, show_output=False)
        deploy(ws, name, config(folder / "blue", SCRIPT))
        self.endpoint = Endpoint(ws, name)
        self.key = self.endpoint.get_keys()[0]
        self.begun = time.time()
        self.endpoint.create_version("green", inference_config=self.green(**green))
        self.endpoint.wait_for_deployment()

    def green(self, **variables: str) -> object:
        return config(self.folder / "green", SCRIPT, **{"OFFSET": "10", **variables})

    def ask(self, x: int, **headers: str) -> tuple[str, str]:
        """The version that answered, and the request's id."""
        found = self.yard.score(
            self.endpoint.name, {"x": x}, workspace="lab", key=self.key, **headers
        )
        assert found.status == 200, found.data
        return found.headers["azureml-model-deployment"], found.headers["x-request-id"]

    def mirrored(self, percent: float) -> None:
        """Until a first copy has been compared: the fronts have heard of it."""
        self.endpoint.mirror_traffic = {"green": percent}
        before = self.report().compared
        wait_until(lambda: self.ask(0) and self.report().compared > before, what="a first copy")
        self.settled()

    def settled(self) -> None:
        """Until no copy is under way any more."""
        seen = [-1]

        def same() -> bool:
            time.sleep(1.5)
            seen.append(self.report().compared)
            return seen[-1] == seen[-2]

        wait_until(same, 60)

    def report(self, since: float | None = None) -> ShadowReport:
        moment = datetime.fromtimestamp(since or self.begun, UTC)
        return self.endpoint.shadow_report("green", since=moment)


def serving(sdk: Yard) -> list[int]:
    """The processes of the version that answers."""
    return [pid for pid in sdk.pids("bootstrap.front") if serves(pid, "prices", "default")]


def test_the_report_says_exactly_how_a_shadow_differs_also_over_kills_and_a_new_revision(
    sdk: Yard, tmp_path: Path
) -> None:
    prices = Prices(sdk, tmp_path, "prices")
    assert prices.report().compared == 0
    prices.mirrored(100)

    since = time.time()
    answers = {x: [prices.ask(x) for _ in range(4)] for x in range(10)}
    wait_until(lambda: prices.report(since).compared >= 40)
    found = prices.report(since)

    assert {version for pair in answers.values() for version, _ in pair} == {"default"}
    assert (found.compared, found.equal, found.missed) == (40, 24, 0)
    assert (found.served_errors, found.shadow_errors) == (0, 4)
    assert found.differences["max"] == pytest.approx(10 / 110)
    examples = {one.request_id: one for one in found.worst}
    failed = {id for _, id in answers[9]}
    wrong = {id for x in (6, 7, 8) for _, id in answers[x]}
    assert len(examples) == 6
    assert examples.keys() <= failed | wrong
    for id, one in examples.items():
        if id in failed:
            assert (one.shadow_status, one.difference) == (500, None)
        else:
            assert (one.path, one.served, one.shadow) == ("$.price", "100.0", "110.0")

    trace = prices.endpoint.workspace.telemetry.trace(answers[7][0][1])
    assert trace.version == "default"
    assert [item.values["name"] for item in trace.of("customEvents")] == ["modelyard.shadow"]

    # a killed front starts anew and goes on, also with the control plane down
    [front] = serving(sdk)
    [control] = sdk.pids("bootstrap.control")
    os.kill(control, signal.SIGSTOP)
    try:
        os.kill(front, signal.SIGKILL)
        since = time.time()
        wait_until(lambda: prices.ask(7) and prices.report(since).compared)
    finally:
        os.kill(control, signal.SIGCONT)

    # what is served next goes to the new revision
    prices.endpoint.update_version("green", inference_config=prices.green(OFFSET="20"))
    prices.endpoint.wait_for_deployment()

    def values() -> set[str]:
        prices.ask(7)
        return {one.shadow for one in prices.report(since).worst}

    since = time.time()
    wait_until(lambda: "120.0" in values(), 60)

    # and without a share nothing is copied any more
    prices.endpoint.mirror_traffic = {}
    prices.settled()
    before = prices.report().compared
    wait_until(lambda: prices.ask(7) and not orders(sdk, "prices"), what="orders to go")
    since = time.time()
    for _ in range(20):
        prices.ask(7)
    prices.settled()
    assert prices.report(since).compared == 0
    assert prices.report().compared >= before
    assert "answers equal" in str(prices.report())


def test_callers_do_not_wait_for_a_slow_shadow_and_copies_count_nowhere_else(
    sdk: Yard, tmp_path: Path
) -> None:
    prices = Prices(sdk, tmp_path, "slow", SLEEP="0.3")
    prices.mirrored(100)

    since = time.time()
    took = []
    for _ in range(10):
        begun = time.perf_counter()
        prices.ask(1)
        took.append(time.perf_counter() - begun)
    wait_until(lambda: prices.report(since).compared >= 10)

    assert sorted(took)[5] < 0.25
    assert prices.report(since).shadow_latency["p50"] >= 300
    counted = prices.endpoint.workspace.telemetry.query(
        "SELECT application_Version AS version, source, chosen, count(*) AS n FROM requests "
        "WHERE service = 'slow' GROUP BY ALL ORDER BY version",
    )
    assert [(row["version"], row["source"], row["chosen"]) for row in counted.rows] == [
        ("default", "front", False),
        ("green", "shadow", True),
    ]


def serves(pid: int, service: str, version: str) -> bool:
    """Whether this process is the front of that version."""
    argv = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    spec = json.loads(Path(argv[argv.index("modelyard.bootstrap.front") + 1]).read_text())
    return (spec["service"], spec["service_version"]) == (service, version)


def orders(yard: Yard, service: str) -> list[Path]:
    """What is ordered of that service's fronts."""
    found = []
    for file in (yard.home / "run" / "fronts").glob("*.shadows.json"):
        spec = file.with_name(file.name.removesuffix(".shadows.json") + ".json")
        if spec.exists() and json.loads(spec.read_text())["service"] == service:
            found.append(file)
    return found
