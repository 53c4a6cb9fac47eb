"""Workers that come and go, through the whole of it."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelyard import Webservice, Workspace
from tests.e2e.deploying import config, deploy
from tests.e2e.harness import Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow  # a server and services: half a minute

PIDS = """
import json, os, time

def init():
    pass

def run(data):
    time.sleep(json.loads(data).get("sleep", 0))
    return {"pid": os.getpid()}
"""


@pytest.fixture
def ws(sdk: Yard) -> Workspace:
    return Workspace.create("scaling", exist_ok=True)


@contextmanager
def nobody_restarts(server: Yard) -> Iterator[None]:
    """The supervisor does nothing meanwhile."""
    [supervisor] = server.pids("modelyard.supervisor")
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


def sleeps(service: Webservice) -> bool:
    again = Webservice(service.workspace, service.name)
    return any(note.startswith("asleep") for note in again.notes)


def test_a_request_wakes_a_service_while_the_control_plane_is_dead(
    sdk: Yard, ws: Workspace, tmp_path: Path
) -> None:
    asked = Webservice.deploy_configuration(idle_timeout=1)
    service = deploy(ws, "sleepy", config(tmp_path / "source", PIDS), deployment_config=asked)
    first = service.run({})["pid"]
    wait_until(lambda: sleeps(service), what="asleep")
    assert Webservice(ws, "sleepy").state == "Healthy"
    wait_until(lambda: not sdk.pids("modelyard_worker"), what="no worker")

    with nobody_restarts(sdk):
        for pid in sdk.pids("modelyard.bootstrap.control"):
            os.kill(pid, signal.SIGKILL)
        answer = service.run({})
        assert not [p for p in sdk.pids("modelyard.bootstrap.control") if _runs(p)]

    assert answer["pid"] != first
    wait_until(lambda: sdk.call("GET", "/health").status == 200, what="the control plane")
    assert Webservice(ws, "sleepy").state == "Healthy"


def test_a_scaled_service_is_stopped_and_started(sdk: Yard, ws: Workspace, tmp_path: Path) -> None:
    asked = Webservice.deploy_configuration(
        workers=1, max_workers=3, refresh=0.1, target_utilization=0.5
    )
    service = deploy(ws, "pressed", config(tmp_path / "source", PIDS), deployment_config=asked)
    pids: set[int] = set()

    def press() -> None:
        for _ in range(30):
            pids.add(service.run({"sleep": 0.05})["pid"])

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    service.stop()
    wait_until(lambda: Webservice(ws, "pressed").state == "Stopped", what="stopped")
    service.start()
    service.wait_for_deployment()

    assert len(pids) > 1
    assert service.run({})["pid"] not in pids


def _runs(pid: int) -> bool:
    """Killed ones stay as zombies while nobody reaps them."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
