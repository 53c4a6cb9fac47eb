"""What became of requests: from the SDK and the command line to rows, answers and kills."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import requests

from modelyard import Environment, InferenceConfig, LocalWebservice, Model, Webservice, Workspace
from modelyard.domain.errors import Forbidden
from modelyard.sdk.errors import WebserviceException
from modelyard.wire.rollouts import FeedbackResult
from tests.e2e.harness import Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow  # a server, an environment and a service: half a minute

SCRIPT = """
import json

def init():
    pass

def run(data):
    return {"y": 2 * json.loads(data)["x"]}
"""
BODY = json.dumps({"x": 2})


@pytest.fixture
def ws(sdk: Yard) -> Workspace:
    return Workspace.create("lab", exist_ok=True, show_output=False)


@pytest.fixture
def script(tmp_path: Path) -> InferenceConfig:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "score.py").write_text(SCRIPT)
    plain = Environment("plain")
    plain.python.user_managed_dependencies = True
    return InferenceConfig(
        entry_script="score.py", source_directory=str(tmp_path / "src"), environment=plain
    )


@pytest.fixture
def service(ws: Workspace, script: InferenceConfig) -> Webservice:
    found = Model.deploy(ws, "twice", [], script, overwrite=True)
    found.wait_for_deployment()
    return found


def asked(service: Webservice) -> str:
    assert service.run(BODY) == {"y": 4}
    return service.last_request_id


def outcomes(ws: Workspace, *ids: str, columns: str = "id, metric, value") -> list[Any]:
    text = f"SELECT {columns} FROM outcomes WHERE list_contains(?, id) ORDER BY id, metric"
    return [tuple(row.values()) for row in ws.telemetry.query(text, [list(ids)]).rows]


def test_from_an_answer_to_what_became_of_it(
    ws: Workspace, service: Webservice, server: Yard
) -> None:
    first, second = asked(service), asked(service)
    headers = {"Authorization": f"Bearer {service.get_keys()[0]}"}
    plain = requests.post(service.scoring_uri, BODY, headers=headers, timeout=30)
    third = plain.headers["x-ms-request-id"]
    assert len({first, second, third}) == 3

    # at once: the requests' rows are still on their way
    told = service.feedback(first, "sales", True)
    starred = {"request_id": second, "metric": "stars", "value": 4}
    many = service.feedback_bulk([(first, "sales", True), (first, "sales", False), starred])

    assert told == FeedbackResult(accepted=1)
    assert many == FeedbackResult(accepted=1, repeated=1, conflicting=1)
    done = server.cli("service", "feedback", "twice", third, "stars", "5", "-w", "lab", "--json")
    assert json.loads(done.stdout)["accepted"] == 1
    wait_until(lambda: len(outcomes(ws, first, second, third)) == 3, what="all rows")
    (row,) = outcomes(ws, first, columns="workspace, service, value, chosen")
    assert row == ("lab", "twice", 1.0, False)
    traced = ws.telemetry.trace(third)
    assert [item.values["value"] for item in traced.items if item.table == "outcomes"] == [5.0]


def test_the_key_of_a_service_tells_of_that_one_only(
    ws: Workspace, service: Webservice, script: InferenceConfig, server: Yard
) -> None:
    other = Model.deploy(ws, "other", [], script, overwrite=True)
    other.wait_for_deployment()
    id = asked(service)
    body = {"request_id": id, "metric": "m", "value": 1}

    def post(address: str, key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return requests.post(address, json=body, headers=headers, timeout=30).status_code

    mine, others = service.get_keys()[0], other.get_keys()[0]
    serve = f"{server.url}/serve/lab/twice/feedback"
    api = f"{server.url}/api/v1/telemetry/services/lab/twice"
    assert post(serve, others) == 401
    assert post(serve, "") == 401
    assert post(f"{api}/feedback", mine) == 401
    assert post(f"{api}/measure", mine) == 401
    assert post(f"{api}/measure", server.token) == 403
    assert post(serve, mine) == 200
    # told of by another service's key it is a request that nobody knows
    other_ = f"{server.url}/serve/lab/other/feedback"
    answer = requests.post(
        other_, json=body, headers={"Authorization": f"Bearer {others}"}, timeout=30
    )
    assert answer.json()["unknown"] == 1


def test_a_reader_may_not_tell(ws: Workspace, service: Webservice, server: Yard) -> None:
    made = server.cli("token", "create", "eyes", "--role", "reader", "--json").stdout
    secret = json.loads(made)["secret"]

    answer = requests.post(
        f"{server.url}/api/v1/telemetry/services/lab/twice/feedback",
        json={"request_id": "a", "metric": "m", "value": 1},
        headers={"Authorization": f"Bearer {secret}"}, timeout=30,
    )  # fmt: skip

    assert (answer.status_code, answer.json()["code"]) == (403, Forbidden.code)


def test_a_local_service_and_one_that_is_stopped_are_told_of_too(
    ws: Workspace, service: Webservice, script: InferenceConfig, server: Yard
) -> None:
    local = Model.deploy(ws, "near", [], script, LocalWebservice.deploy_configuration())
    local.wait_for_deployment()
    assert local.feedback(asked(local), "m", 1.5) == FeedbackResult(accepted=1)

    id = asked(service)
    server.cli("service", "stop", "twice", "-w", "lab")
    wait_until(lambda: service.state == "Stopped" or not service.update_deployment_state())
    assert service.feedback(id, "m", 1).accepted == 1
    local.delete()


def test_files_of_outcomes_are_told_and_wrong_ones_named(
    ws: Workspace, service: Webservice, server: Yard, tmp_path: Path
) -> None:
    ids = [asked(service) for _ in range(3)]
    table = tmp_path / "outcomes.csv"
    table.write_text(
        "metric,request_id,value,time\n"
        + "".join(f"bought,{id},{v},\n" for id, v in zip(ids, ("yes", "false", 1), strict=True))
        + "bought,nobody-7,1,2026-11-20T10:00:00Z\n"
    )
    lines = tmp_path / "outcomes.jsonl"
    lines.write_text("".join(
        json.dumps({"request_id": id, "metric": "stars", "value": 5}) + "\n\n" for id in ids
    ))  # fmt: skip
    tell = ("service", "feedback", "twice", "-w", "lab", "--file")

    from_table = server.cli(*tell, str(table))
    from_lines = server.cli(*tell, str(lines), "--json")

    assert (
        "3 accepted, 0 known already, 0 in conflict, 1 of unknown requests." in from_table.stdout
    )
    assert "nobody-7" in from_table.stderr
    assert json.loads(from_lines.stdout)["accepted"] == 3
    wait_until(lambda: len(outcomes(ws, *ids)) == 6, what="all rows")
    assert [v for _, m, v in outcomes(ws, *ids) if m == "bought"].count(1.0) == 2
    table.write_text("request_id,metric,value\na,m,1\nb,m,lots\n")
    wrong = server.cli(*tell, str(table), check=False)
    assert wrong.returncode == 2
    assert "line 3: 'lots' is no number" in wrong.stderr
    table.write_text("id,metric\na,m\n")
    assert "lacks in its first line: request_id, value" in server.cli(
        *tell, str(table), check=False
    ).stderr  # fmt: skip
    missing = server.cli("service", "feedback", "nothing", "a", "m", "1", "-w", "lab", check=False)
    assert missing.returncode == 3


def test_what_was_answered_survives_a_kill_of_the_collector(
    ws: Workspace, service: Webservice, server: Yard
) -> None:
    ids = [asked(service) for _ in range(30)]
    for number, id in enumerate(ids):
        if number % 10 == 5:
            os.kill(server.pids("modelyard.bootstrap.collector")[0], signal.SIGKILL)
        found = service.feedback(id, "kept", number)
        assert found.accepted + found.repeated + found.unknown == 1

    wait_until(lambda: len(outcomes(ws, *ids)) == 30, 30, "all rows, each once")
    assert sorted(v for *_, v in outcomes(ws, *ids)) == [float(n) for n in range(30)]


def test_what_cannot_be_told_is_said(service: Webservice) -> None:
    with pytest.raises(WebserviceException, match=r"items\[1\]: value='x'"):
        service.feedback_bulk([("a", "m", 1), ("b", "m", "x")])
    with pytest.raises(WebserviceException, match="request_id='a b'"):
        service.feedback("a b", "m", 1)
