"""A service's life by the command line alone, against a real server."""

import json
from pathlib import Path

from tests.cli.conftest import Cli
from tests.e2e.harness import Yard
from tests.e2e.load import load
from tests.waiting import wait_until

FAILS = "def init():\n    raise ValueError('no weights here')\ndef run(data):\n    return 1\n"


def test_a_model_becomes_a_service_that_is_called_stopped_started_and_deleted(lab: Cli) -> None:
    Path("model.bin").write_bytes(b"weights")

    registered = lab("model", "register", "net", "model.bin", "--tag", "kind=toy", "--json")
    deployed = lab("service", "deploy", "life", "--model", "net", "--json")
    scored = lab("service", "score", "life", '{"data": 1}')
    stopped = lab("service", "stop", "life")
    wait_until(lambda: state(lab, "life") == "Stopped", what="the service to stop")
    started = lab("service", "start", "life", "--json")
    deleted = lab("service", "delete", "life", "--yes")
    wait_until(lambda: lab("service", "show", "life").code == 3, what="the service to go")

    assert json.loads(registered.out)["tags"] == {"kind": "toy"}
    assert json.loads(deployed.out)["models"] == [json.loads(registered.out)["id"]]
    assert json.loads(scored.out) == {"answer": "first", "sent": {"data": 1}}
    assert (stopped.code, deleted.code) == (0, 0)
    assert json.loads(started.out)["state"] == "Healthy"


def test_an_update_changes_what_is_said_and_fails_no_request(lab: Cli, server: Yard) -> None:
    service = json.loads(lab("service", "deploy", "echo", "--cpu", "1", "--json").out)
    key = json.loads(lab("service", "keys", "echo", "--json").out)["primary"]

    with load(service["scoring_uri"], key) as seen:
        seen.more(50)
        updated = lab("service", "update", "echo", "--variable", "ANSWER=second",
                      "--memory", "1", "--tag", "a=b", "--json")  # fmt: skip
        seen.more(50)

    changed = json.loads(updated.out)
    content = next(r for r in changed["revisions"] if r["number"] == 2)["content"]
    assert (seen.failures, set(seen.answers)) == ([], {"first", "second"})
    assert changed["live_revision"] == 2
    assert changed["tags"] == {"a": "b"}
    assert (content["limits"]["cpu"], content["limits"]["memory"]) == (1.0, 10**9)


def test_an_update_that_fails_says_why_and_what_goes_on_serving(lab: Cli) -> None:
    lab("service", "deploy", "steady")
    Path("bad.py").write_text(FAILS)

    done = lab("service", "update", "steady", "--entry", "bad.py")

    assert done.code == 1
    assert "ValueError: no weights here (bad.py, line 2)" in done.err
    assert done.err.count("raise ValueError") == 1
    assert "revision 1 goes on serving" in done.err
    assert lab("service", "score", "steady", "{}").code == 0


def test_scoring_ends_with_1_when_the_service_answers_an_error(lab: Cli) -> None:
    lab("service", "deploy", "strict")

    done = lab("service", "score", "strict", "{no json")

    assert done.code == 1
    assert json.loads(done.out)["code"] == "run_failed"
    assert "answered 500" in done.err


def test_a_body_comes_from_a_file_or_from_standard_input(lab: Cli) -> None:
    lab("service", "deploy", "bodies")
    Path("body.json").write_text('{"from": "file"}')

    by_file = lab("service", "score", "bodies", "@body.json")
    by_input = lab("service", "score", "bodies", "-", stdin='{"from": "input"}')

    assert json.loads(by_file.out)["sent"] == {"from": "file"}
    assert json.loads(by_input.out)["sent"] == {"from": "input"}


def test_the_logs_hold_what_the_script_printed(lab: Cli) -> None:
    lab("service", "deploy", "talks")

    assert "ready as first" in lab("service", "logs", "talks").out


def test_a_key_is_made_anew_and_the_other_stays(lab: Cli) -> None:
    lab("service", "deploy", "locked")
    before = json.loads(lab("service", "keys", "locked", "--json").out)

    after = json.loads(lab("service", "keys", "locked", "--regenerate", "secondary", "--json").out)

    assert after["primary"] == before["primary"]
    assert after["secondary"] != before["secondary"]


def test_the_log_of_a_build_is_shown_while_it_is_waited_for(lab: Cli) -> None:
    Path("tiny").mkdir()
    Path("tiny/pyproject.toml").write_text('[project]\nname = "none"\n')

    done = lab("service", "deploy", "unbuilt", "--pip", "./does-not-exist.whl")

    assert done.code in {1, 2}
    assert "does-not-exist.whl" in done.err


def state(cli: Cli, name: str) -> str:
    return str(json.loads(cli("service", "show", name, "--json").out)["state"])
