"""kill -9 of each process, alone and under load: service goes on or returns within seconds."""

import os
import signal
import time
from pathlib import Path

import pytest

from modelyard import Webservice, Workspace
from tests.e2e.deploying import config, deploy
from tests.e2e.harness import Yard
from tests.e2e.load import Load, load
from tests.waiting import wait_until

SOON = 10.0
"""Seconds within which service must be back."""


@pytest.fixture
def service(sdk: Yard, tmp_path: Path) -> Webservice:
    ws = Workspace.create("kills", exist_ok=True)
    return deploy(ws, "victim", config(tmp_path / "source"), overwrite=True)


def kill(server: Yard, part: str) -> list[int]:
    """SIGKILL every process of the home whose command line holds ``part``."""
    pids = server.pids(part)
    assert pids, f"no process with {part!r}"
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return pids


def answers_again(seen: Load) -> None:
    """Wait until callers get good answers again, soon."""
    began = time.monotonic()
    seen.more(50, timeout=SOON)
    assert time.monotonic() - began < SOON


def test_callers_do_not_notice_a_killed_control_plane(sdk: Yard, service: Webservice) -> None:
    with load(service.scoring_uri, service.get_keys()[0]) as seen:
        kill(sdk, "modelyard.bootstrap.control")
        seen.more(300)

    assert seen.failures == []
    wait_until(lambda: sdk.call("GET", "/health").status == 200, SOON)
    assert Webservice(service.workspace, "victim").state == "Healthy"


def test_a_killed_worker_costs_at_most_the_requests_it_was_running(
    sdk: Yard, service: Webservice
) -> None:
    with load(service.scoring_uri, service.get_keys()[0]) as seen:
        seen.more(50)
        kill(sdk, "modelyard_worker")
        answers_again(seen)

    assert len(seen.failures) <= 1
    assert sum(n for status, n in seen.statuses.items() if status != 200) <= 1


def test_a_killed_front_is_back_within_seconds(sdk: Yard, service: Webservice) -> None:
    with load(service.scoring_uri, service.get_keys()[0]) as seen:
        seen.more(50)
        kill(sdk, "modelyard.bootstrap.front")
        answers_again(seen)

    refused = {status for status in seen.statuses if status != 200}
    assert refused <= {502, 503}
    assert seen.errors == []


def test_a_killed_gateway_is_back_within_seconds(sdk: Yard, service: Webservice) -> None:
    with load(service.scoring_uri, service.get_keys()[0]) as seen:
        seen.more(50)
        kill(sdk, "haproxy")
        answers_again(seen)

    assert {status for status in seen.statuses if status != 200} == set()


def test_services_go_on_without_their_supervisor_and_the_next_up_adopts_them(
    sdk: Yard, service: Webservice
) -> None:
    part = "modelyard.bootstrap.front"
    wait_until(lambda: len(sdk.pids(part)) == 1, what="older fronts to end")
    fronts = sdk.pids(part)
    with load(service.scoring_uri, service.get_keys()[0]) as seen:
        kill(sdk, "modelyard.supervisor")
        seen.more(100)
        sdk.up()
        seen.more(100)

    assert seen.failures == []
    assert sdk.pids(part) == fronts


def test_a_front_killed_while_the_control_plane_is_down_comes_back(
    sdk: Yard, service: Webservice
) -> None:
    key, _ = service.get_keys()
    control = sdk.pids("modelyard.bootstrap.control")
    for pid in control:
        os.kill(pid, signal.SIGSTOP)
    try:
        with load(service.scoring_uri, key) as seen:
            kill(sdk, "modelyard.bootstrap.front")
            answers_again(seen)
    finally:
        for pid in control:
            os.kill(pid, signal.SIGCONT)
