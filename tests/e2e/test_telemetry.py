"""From a request to what is known of it: gateway, front, ring, collector, SDK and command line."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import urllib3

from modelyard import (
    Environment,
    Experiment,
    InferenceConfig,
    Model,
    ScriptRunConfig,
    Webservice,
    Workspace,
)
from modelyard.domain.errors import BadInput
from modelyard.wire.tokens import Token
from tests.e2e.harness import Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow  # a server, an environment and a service: half a minute

SCRIPT = """
import json, logging

def init():
    print("ready")

def run(data):
    x = json.loads(data)["x"]
    print("scored", x)
    if x == 50:
        logging.error("x is fifty")
    if x == 99:
        raise ValueError("no 99 here")
    return {"y": 2 * x}
"""


@pytest.fixture
def ws(sdk: Yard) -> Workspace:
    return Workspace.create("lab", exist_ok=True, show_output=False)


@pytest.fixture
def service(ws: Workspace, tmp_path: Path) -> Webservice:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "score.py").write_text(SCRIPT)
    plain = Environment("plain")
    plain.python.user_managed_dependencies = True
    script = InferenceConfig(
        entry_script="score.py", source_directory=str(tmp_path / "src"), environment=plain
    )
    found = Model.deploy(ws, "twice", [], script, overwrite=True)
    found.wait_for_deployment()
    return found


def test_a_hundred_requests_are_asked_for_in_every_way(
    ws: Workspace, service: Webservice, server: Yard, tmp_path: Path
) -> None:
    key = service.get_keys()[0]
    followed = tmp_path / "followed"
    argv = [sys.executable, "-m", "modelyard", "service", "logs", "twice", "-w", "lab"]
    with followed.open("w") as out:
        follower = subprocess.Popen(
            [*argv, "-f", "--since", "1h"], env=server.environment, stdout=out
        )
    try:
        answers = [server.score("twice", {"x": x}, workspace="lab", key=key) for x in range(100)]
        assert [a.status for a in answers] == [200] * 99 + [500]
        failed = answers[-1].headers["x-ms-request-id"]

        # SQL and KQL
        count = (
            "SELECT count(*) AS n, count_if(NOT success) AS bad FROM requests WHERE service = ?"
        )
        wait_until(lambda: ws.telemetry.query(count, ["twice"]).rows[0]["n"] == 100)
        assert ws.telemetry.query(count, ["twice"]).rows == [{"n": 100, "bad": 1}]
        kql = "requests | where timestamp > ago(1h) | summarize n=count() by resultCode"
        assert {r["resultCode"]: r["n"] for r in ws.telemetry.query(kql).rows} == {
            "200": 99, "500": 1,
        }  # fmt: skip
        with pytest.raises(BadInput, match="read_csv"):
            ws.telemetry.query("SELECT * FROM read_csv('/etc/passwd')")

        # metrics, logs, one request
        points = service.metrics(since="10m", by="1h")
        assert (sum(p.requests for p in points), sum(p.errors for p in points)) == (100, 1)
        assert "x is fifty" in service.get_logs(level="error")
        assert "scored 99" in service.get_logs(request_id=failed)
        assert "scored 98" not in service.get_logs(request_id=failed)
        known = ws.telemetry.trace(failed)
        assert known.request["resultCode"] == "500"
        assert known.environment["lock"]
        assert any("scored 99" in i.values["message"] for i in known.of("traces"))
        assert [i.values["type"] for i in known.of("exceptions")] == ["ValueError"]

        # the same on the command line
        said = server.cli("query", "-w", "lab", "--json", "FROM errorsByPlace")
        assert json.loads(said.stdout)[0]["problemId"].startswith("ValueError at ")
        told = server.cli("trace", failed).stdout
        assert re.search(r"lab/twice.*revision 1.*lock \w+", told, re.DOTALL), told
        assert "ValueError: no 99 here" in told
        assert "lab/twice" in server.cli("top", "--once").stdout
        assert "(1.0%)" in server.cli("service", "metrics", "twice", "--by", "1h").stdout
        wait_until(lambda: "scored 99" in followed.read_text(), what="the followed lines")
        assert followed.read_text().count("scored 42\n") == 1
    finally:
        follower.send_signal(signal.SIGINT)
        follower.wait(20)


def test_without_the_control_plane_questions_are_still_answered(
    ws: Workspace, server: Yard
) -> None:
    telemetry = ws.telemetry
    telemetry.query("SELECT 1")
    control = server.pids("modelyard.bootstrap.control")
    for pid in control:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert telemetry.query("SELECT count(*) AS n FROM requests").columns == ["n"]
    finally:
        for pid in control:
            os.kill(pid, signal.SIGCONT)


def test_a_revoked_token_is_refused_within_a_second(ws: Workspace, server: Yard) -> None:
    made = json.loads(server.cli("token", "create", "short", "--json").stdout)
    token = msgspec.convert(made, Token)

    def ask() -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {token.secret}"}
        return server.call("GET", "/telemetry/tables", headers=headers)

    wait_until(lambda: ask().status == 200, timeout=1.0)
    server.call("DELETE", f"/tokens/{token.id}")

    wait_until(lambda: ask().status == 401, timeout=1.0)
    assert ask().json()["code"] == "unauthenticated"


def test_what_a_job_and_the_control_plane_write_is_asked_for(
    ws: Workspace, server: Yard, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text('print("from within the job")\n')
    run = Experiment(ws, "train").submit(ScriptRunConfig(str(tmp_path), "train.py"))
    run.wait_for_completion()

    of_job = "SELECT message, workspace FROM traces WHERE cloud_RoleInstance = ?"
    wait_until(lambda: ws.telemetry.query(of_job, [run.id]).rows, what="the job's line")
    assert ws.telemetry.query(of_job, [run.id]).rows == [
        {"message": "from within the job", "workspace": "lab"}
    ]
    of_control = "SELECT message FROM traces WHERE source = 'control'"  # of no workspace
    said = [row["message"] for row in json.loads(server.cli("query", "--json", of_control).stdout)]
    assert any("ready at http://" in line for line in said), said
