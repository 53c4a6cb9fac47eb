"""A version that runs two fronts, with everything real: both answer, and one may be killed."""

import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from modelyard import Webservice, Workspace
from tests.e2e.deploying import config, deploy
from tests.e2e.harness import Yard
from tests.e2e.load import load
from tests.waiting import wait_until

FRONT = "modelyard.bootstrap.front"

PARENT = """
import os

def init(): pass

def run(data):
    return {"answer": os.getppid()}  # its front
"""


def serve_with(server: Yard, service: Webservice, **serving: object) -> None:
    """Change how the service runs, and wait until only the new way does."""
    path = f"/workspaces/{service.workspace.name}/services/{service.name}"
    reply = server.call("PATCH", path, body=json.dumps({"serving": serving}))
    assert reply.status == 200, reply.data
    service.wait_for_deployment()
    wait_until(lambda: len(server.pids(FRONT)) == serving["fronts"], what="other fronts to end")


@pytest.fixture
def service(sdk: Yard, tmp_path: Path) -> Webservice:
    ws = Workspace.create("several", exist_ok=True)
    return deploy(ws, "two", config(tmp_path / "source", PARENT), overwrite=True)


@pytest.mark.slow
def test_a_service_goes_from_one_front_to_two_and_back_and_no_request_fails(
    sdk: Yard, service: Webservice
) -> None:
    with load(service.scoring_uri, service.get_keys()[0]) as seen:
        seen.more(50)
        serve_with(sdk, service, fronts=2, workers=2)
        fronts = set(map(str, sdk.pids(FRONT)))
        answered = Counter(seen.answers)
        seen.more(200)
        answered = seen.answers - answered
        serve_with(sdk, service, fronts=1, workers=1)
        seen.more(50)

    assert seen.failures == []
    assert set(answered) == fronts
    assert min(answered.values()) > 40


def test_a_killed_front_costs_only_its_own_requests_and_comes_back(
    sdk: Yard, service: Webservice
) -> None:
    serve_with(sdk, service, fronts=2, workers=2)
    victim, other = sdk.pids(FRONT)
    with load(service.scoring_uri, service.get_keys()[0]) as seen:
        seen.more(100)
        os.kill(victim, signal.SIGKILL)
        seen.more(300)
        before = Counter(seen.answers)
        wait_until(lambda: len(seen.answers) == 3, what="answers of the front that came back")

    assert seen.errors == []
    assert set(seen.statuses) <= {200, 502}
    assert seen.statuses[502] <= 8  # one for each client
    assert before[str(other)] > 100
    wait_until(lambda: Webservice(service.workspace, "two").state == "Healthy", what="Healthy")


@pytest.mark.slow
def test_a_front_killed_while_idle_costs_nothing(sdk: Yard, service: Webservice) -> None:
    serve_with(sdk, service, fronts=2, workers=2)
    key, _ = service.get_keys()

    victim = sdk.pids(FRONT)[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in sdk.pids(FRONT), what="the killed front to be gone")
    statuses = [sdk.score("two", {}, workspace="several", key=key).status for _ in range(30)]

    assert statuses == [200] * 30
