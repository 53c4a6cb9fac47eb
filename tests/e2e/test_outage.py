"""What the gateway measured while no collector ran is not lost."""

import os
import signal
from pathlib import Path

import pytest

from modelyard import Environment, InferenceConfig, Model, Workspace
from modelyard.domain.errors import Unavailable
from tests.e2e.harness import Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow  # a server, an environment and a service: half a minute

REQUESTS = 300


def test_requests_of_an_outage_of_the_collector_have_the_gateways_time(
    sdk: Yard, server: Yard, tmp_path: Path
) -> None:
    ws = Workspace.create("lab", exist_ok=True, show_output=False)
    (tmp_path / "score.py").write_text("def init():\n    pass\ndef run(data):\n    return 1\n")
    plain = Environment("plain")
    plain.python.user_managed_dependencies = True
    script = InferenceConfig("score.py", source_directory=str(tmp_path), environment=plain)
    service = Model.deploy(ws, "steady", [], script, overwrite=True)
    service.wait_for_deployment()
    supervisors = server.pids("modelyard.supervisor")

    def rows() -> int:
        try:
            found = ws.telemetry.query("SELECT count(*) n FROM requests WHERE service = 'steady'")
        except Unavailable:  # while it is being started
            return -1
        return int(found.rows[0]["n"])

    for _ in range(50):
        service.run("1")
    wait_until(lambda: rows() == 50, what="all rows")
    try:
        for pid in supervisors:  # or it would start the collector again at once
            os.kill(pid, signal.SIGSTOP)
        os.kill(server.pids("modelyard.bootstrap.collector")[0], signal.SIGKILL)
        for _ in range(REQUESTS):
            service.run("1")
    finally:
        for pid in supervisors:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: rows() == 50 + REQUESTS, 60, "all rows")

    found = ws.telemetry.query(
        "SELECT count_if(gatewayMs IS NULL) AS n FROM requests WHERE service = 'steady'"
    )
    # a line or two may have gone into the connection that broke
    assert found.rows[0]["n"] < REQUESTS / 10
