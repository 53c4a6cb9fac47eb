"""Rollouts on a real server: a bad version goes back by itself, a good one gets everything."""

import itertools
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard import Endpoint, Metric, Workspace
from modelyard.sdk.errors import WebserviceException
from tests.e2e.deploying import config, deploy
from tests.e2e.harness import Yard
from tests.e2e.load import Load, load
from tests.waiting import wait_until

SOME_FAIL = """
import json, os, random

def init():
    pass

def run(data):
    if random.random() < float(os.environ.get("FAILING", "0")):
        raise RuntimeError("no such feature")
    return {"answer": os.environ["ANSWER"]}
"""

QUICK = {"steps": [20, 50, 100], "step_seconds": 2.0, "step_users": 30, "promote": "automatic"}
GUARDRAILS = [Metric("error_rate", margin=0.05), Metric("latency", margin=20.0, relative=False)]


@pytest.fixture
def endpoint(sdk: Yard, tmp_path: Path, request: pytest.FixtureRequest) -> Endpoint:
    """An endpoint with a version 'blue'."""
    ws = Workspace.create("rollouts", exist_ok=True)
    name = request.node.name.replace("_", "-").replace("test-", "")[:20].rstrip("-")
    deploy(
        ws, name, config(tmp_path / "blue", SOME_FAIL, ANSWER="blue"),
        deployment_config=Endpoint.deploy_configuration(version_name="blue"),
    )  # fmt: skip
    return Endpoint(ws, name)


@pytest.fixture
def callers(endpoint: Endpoint) -> Iterator[Load]:
    with load(endpoint.scoring_uri, endpoint.get_keys()[0], clients=4) as seen:
        yield seen


def add_green(endpoint: Endpoint, folder: Path, failing: float = 0.0) -> None:
    inference = config(folder / "green", SOME_FAIL, ANSWER="green", FAILING=str(failing))
    endpoint.create_version("green", inference_config=inference)
    wait_until(lambda: endpoint.versions["green"].state == "Healthy", 60, "green to be healthy")


def test_a_version_that_fails_is_rolled_back_by_itself_and_says_why(
    endpoint: Endpoint, callers: Load, tmp_path: Path
) -> None:
    add_green(endpoint, tmp_path, failing=0.3)

    rollout = endpoint.rollout("green", guardrails=GUARDRAILS, **QUICK)
    state = rollout.wait(timeout_sec=60)

    assert state == "rolled back", str(rollout)
    assert rollout.reasons[0].startswith("error_rate: +"), rollout.reasons
    assert "worse by more than 5 points" in rollout.reasons[0]
    assert endpoint.traffic == {"blue": 100, "green": 0}
    assert endpoint.default_version == "blue"
    callers.more(20)  # what was under way
    failed = callers.statuses[500]
    callers.more(200)
    assert callers.statuses[500] == failed
    told = [event.what for event in endpoint.events()]
    assert told[0] == "rollout rolled back"
    assert "rollout started" in told


@pytest.mark.slow
def test_a_good_version_gets_all_traffic_also_when_the_control_plane_is_killed_at_each_step(
    sdk: Yard, endpoint: Endpoint, callers: Load, tmp_path: Path
) -> None:
    add_green(endpoint, tmp_path)
    rollout = endpoint.rollout("green", guardrails=GUARDRAILS, **QUICK)

    for entries in (0, 1, 2):
        wait_until(lambda n=entries: len(_status(rollout)) >= n, 60, f"step {entries}")
        for pid in sdk.pids("modelyard.bootstrap.control"):
            os.kill(pid, signal.SIGKILL)
    state = wait_for_end(rollout)

    assert state == "promoted", str(rollout)
    assert [entry.what for entry in rollout.history] == ["step", "step", "promoted"]
    assert [entry.share for entry in rollout.history] == [20, 50, 100]
    assert endpoint.traffic == {"blue": 0, "green": 100}
    assert endpoint.default_version == "green"
    assert callers.failures == []
    callers.answers.clear()
    callers.more(100)
    assert set(callers.answers) == {"green"}


def test_while_it_runs_nothing_else_moves_traffic_and_a_person_decides(
    endpoint: Endpoint, callers: Load, tmp_path: Path
) -> None:
    add_green(endpoint, tmp_path)
    rollout = endpoint.rollout("green", steps=[10, 50], step_seconds=3600)
    wait_until(lambda: len(_status(rollout)) == 1, 30, "the first step")

    for forbidden in (
        lambda: setattr(endpoint, "traffic", {"blue": 50, "green": 50}),
        lambda: endpoint.rollback(),
        lambda: endpoint.delete_version("green"),
        lambda: endpoint.rollout("green"),
    ):
        with pytest.raises(WebserviceException, match="is under way"):
            forbidden()
    assert endpoint.traffic == {"blue": 90, "green": 10}
    assert "of 3600 s have passed" in rollout.status().waiting_for

    assert rollout.stop("lunch") == "stopped"
    assert endpoint.traffic == {"blue": 90, "green": 10}
    with pytest.raises(WebserviceException, match="has ended"):
        rollout.promote()
    again = endpoint.rollout("green", steps=[10, 50], step_seconds=3600)
    assert again.promote("good enough") == "promoted"
    assert endpoint.traffic == {"blue": 0, "green": 100}
    assert [one.state for one in endpoint.rollouts()] == ["promoted", "stopped"]


@pytest.mark.slow
def test_what_users_did_decides_which_version_stays(
    sdk: Yard, endpoint: Endpoint, tmp_path: Path
) -> None:
    add_green(endpoint, tmp_path)
    endpoint.sticky = "header:x-user-id"
    key, chance, users = endpoint.get_keys()[0], random.Random(5), iter(range(10**6))
    rollout = endpoint.rollout(
        "green", metric=Metric("sales", "rate"), **{**QUICK, "guardrails": []}
    )

    def some_users_come_and_buy() -> bool:
        outcomes = []
        for user in itertools.islice(users, 40):
            answer = sdk.score(
                endpoint.name, {}, workspace="rollouts", key=key, **{"x-user-id": f"u{user}"}
            )
            likes = {"blue": 0.1, "green": 0.6}[answer.headers["azureml-model-deployment"]]
            outcomes.append((answer.headers["x-ms-request-id"], "sales", chance.random() < likes))
        assert endpoint.feedback_bulk(outcomes).conflicting == 0
        return rollout.status().state != "running"

    wait_until(some_users_come_and_buy, 90, "the rollout to end")

    assert rollout.state == "promoted", str(rollout)
    assert rollout.status().unit == "user"
    (sales,) = rollout.findings
    assert (sales.name, sales.role, sales.state) == ("sales", "metric", "better")
    assert sales.effect == pytest.approx(0.5, abs=0.25)
    assert endpoint.default_version == "green"


def _status(rollout: object) -> list[object]:
    """The history; none while the control plane is away."""
    try:
        return [*rollout.status().history]  # type: ignore[attr-defined]
    except WebserviceException:
        return []


def wait_for_end(rollout: object) -> str:
    def ended() -> bool:
        _status(rollout)
        return rollout.state not in {"running", "proposed"}  # type: ignore[attr-defined]

    wait_until(ended, 90, "the rollout to end")
    return rollout.state  # type: ignore[attr-defined]
