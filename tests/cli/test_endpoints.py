"""endpoint: versions, traffic and an endpoint's file, as a person types them."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import SCRIPT, Cli
from tests.e2e.harness import Yard

FILE = """
name: {name}
versions:
  blue: {{script: score.py, source: src, variables: {{ANSWER: blue}}}}
  green: {{script: score.py, source: src, variables: {{ANSWER: green}}}}
traffic: {{blue: 90, green: 10}}
"""


def write(text: str) -> None:
    Path("src").mkdir(exist_ok=True)
    Path("src/score.py").write_text(SCRIPT)
    Path("endpoint.yml").write_text(text)


@pytest.fixture(scope="module")
def churn(server: Yard, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An endpoint with the versions blue and green that the tests of this module share."""
    folder = tmp_path_factory.mktemp("churn")
    (folder / "src").mkdir()
    (folder / "src/score.py").write_text(SCRIPT)
    (folder / "endpoint.yml").write_text(FILE.format(name="churn"))
    server.cli("workspace", "create", "lab", "--exist-ok")
    server.cli("endpoint", "apply", str(folder / "endpoint.yml"), "--yes", "-w", "lab")
    return "churn"


def shares(cli: Cli, name: str) -> dict[str, float]:
    found: dict[str, float] = json.loads(cli("endpoint", "traffic", name, "--json").out)["shares"]
    return found


def test_a_file_is_applied_once_and_then_there_is_nothing_to_do(lab: Cli, churn: str) -> None:
    write(FILE.format(name="again"))

    shown = lab("endpoint", "apply", "endpoint.yml", "--dry-run")
    nobody = lab("endpoint", "apply", "endpoint.yml")
    assert lab("endpoint", "show", "again").code == 3
    done = lab("endpoint", "apply", "endpoint.yml", "--yes")
    again = lab("endpoint", "apply", "endpoint.yml")

    assert "+ versions.green.variables:" in shown.out
    assert (nobody.code, "Add --yes" in nobody.err) == (2, True)
    assert done.code == 0, done.err
    assert "green: Healthy" in done.err
    assert again.out == "Nothing to do: again is as the file says.\n"
    assert again.code == 0
    assert shares(lab, "again") == {"blue": 90.0, "green": 10.0}


def test_the_workspace_of_the_file_comes_before_that_of_the_environment(lab: Cli) -> None:
    write("workspace: nowhere\n" + FILE.format(name="x"))

    meant = lab("endpoint", "apply", "endpoint.yml", "--dry-run")
    said = lab("endpoint", "apply", "endpoint.yml", "--dry-run", "-w", "lab")

    assert (meant.code, "nowhere" in meant.err) == (3, True)
    assert "x in workspace lab (new)" in said.out


@pytest.mark.slow
def test_a_version_that_fails_leaves_the_traffic_as_it_is(lab: Cli, churn: str) -> None:
    write(FILE.format(name="careful"))
    assert lab("endpoint", "apply", "endpoint.yml", "--yes").code == 0
    broken = FILE.format(name="careful").replace(
        "traffic: {blue: 90, green: 10}",
        "  red: {script: bad.py, source: bad}\ntraffic: {red: 100}",
    )
    write(broken)
    Path("bad").mkdir()
    Path("bad/bad.py").write_text(
        "def init():\n    raise OSError('no weights')\n\ndef run(d): ..."
    )

    failed = lab("endpoint", "apply", "endpoint.yml", "--yes")
    kept = shares(lab, "careful")
    Path("bad/bad.py").write_text(SCRIPT)
    mended = lab("endpoint", "apply", "endpoint.yml", "--yes")

    assert failed.code == 1
    assert "no weights" in failed.err
    assert "Traceback" not in failed.err.split("no weights", 1)[0]
    assert kept == {"blue": 90.0, "green": 10.0, "red": 0.0}
    assert mended.code == 0, mended.err
    assert shares(lab, "careful") == {"blue": 0.0, "green": 0.0, "red": 100.0}


def test_traffic_is_shared_out_and_taken_back(lab: Cli, churn: str) -> None:
    lab("endpoint", "traffic", churn, "blue=100", "green=0")

    done = lab("endpoint", "traffic", churn, "green=30", "--why", "a third")
    back = lab("endpoint", "rollback", churn, "--why", "too early")
    events = json.loads(lab("endpoint", "events", churn, "-n", "2", "--json").out)

    assert done.code == 0, done.err
    assert "green    30 %" in done.out
    assert "blue     100 %" in back.out
    assert [(e["what"], e["why"]) for e in events] == [
        ("rollback", "too early"), ("traffic", "a third"),
    ]  # fmt: skip
    listed = lab("endpoint", "events", churn, "-n", "2").out
    assert "too early" in listed
    assert "none → none" not in listed


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["traffic", "churn", "blue=60", "green=60"], 2, "120"),
        (["traffic", "churn", "blue=-1"], 2, "blue"),
        (["traffic", "churn", "gren=10"], 3, "Did you mean"),
        (["traffic", "churn", "blue"], 2, "VERSION=PERCENT"),
        (["mirror", "churn", "off"], 2, "green=10"),
        (["mirror", "churn", "blue=10"], 2, "cannot be a shadow"),
        (["shadow-report", "churn", "moon"], 3, "moon"),
        (["traffic", "churn", "blue=much"], 2, "blue=10"),
        (["traffic", "churn", "blue=0", "green=0"], 2, "Add --yes"),
        (["traffic", "none"], 3, "none"),
        (["sticky", "churn", "moon"], 2, "header:"),
        (["mirror", "churn", "moon=10"], 3, "moon"),
        (["create-version", "churn", "blue"], 1, "already"),
        (["create-version", "churn", "x", "--strategy", "canary"], 2, "blue-green"),
        (["create-version", "churn", "x", "--keep-warm", "5"], 2, "--strategy"),
        (["update-version", "churn", "green"], 2, "Nothing to change"),
        (["update-version", "churn", "gren", "--workers", "2"], 3, "green"),
        (["delete-version", "churn", "blue", "--yes"], 1, "default"),
        (["delete-version", "churn", "none", "--yes"], 3, "none"),
        (["deploy", "churn", "--version", "green", "--auth", "off"], 2, "is there already"),
        (["show", "churn", "none"], 3, "none"),
        (["token", "churn"], 1, "token"),
        (["shadow-report", "churn", "green", "--since", "tomorrow"], 2, "since"),
        (["apply", "none.yml"], 2, "none.yml"),
    ],
)
def test_what_is_wrong_is_one_sentence_that_says_the_way_out(
    lab: Cli, churn: str, words: list[str], code: int, said: str
) -> None:
    done = lab("endpoint", *words)

    assert (done.code, said in done.err, "Traceback" in done.err) == (code, True, False), done.err


@pytest.mark.slow
def test_versions_are_made_changed_and_deleted(lab: Cli, churn: str) -> None:
    made = lab("endpoint", "create-version", churn, "red", "--variable", "ANSWER=red")
    changed = lab("endpoint", "update-version", churn, "red", "--workers", "2", "--tag", "a=b")
    shown = lab("endpoint", "show", churn, "red")
    listed = lab("endpoint", "list")
    gone = lab("endpoint", "delete-version", churn, "red", "--yes")

    assert made.code == 0, made.err
    assert "traffic      0 %" in made.out
    assert changed.code == 0, changed.err
    assert "2 of 2" in shown.out
    assert "a=b" in shown.out
    assert "red 0 %" in listed.out
    assert gone.code == 0, gone.err


@pytest.mark.slow
def test_a_blue_green_deployment_ends_when_it_has_taken_over(lab: Cli, churn: str) -> None:
    write("")
    first = lab(
        "endpoint", "deploy", "swap", "--version", "one", "-e", "score.py", "-s", "src",
        "--variable", "ANSWER=one", "--auth", "token",
    )  # fmt: skip

    second = lab(
        "endpoint", "deploy", "swap", "--version", "two", "--variable", "ANSWER=two",
        "--strategy", "blue-green", "--keep-warm", "60",
    )  # fmt: skip

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert shares(lab, "swap") == {"one": 0.0, "two": 100.0}
    token = lab("endpoint", "token", "swap")
    assert token.out.count(".") == 2
    assert "It opens swap until" in token.err


@pytest.mark.slow
def test_users_stay_and_copies_go_as_they_are_told(lab: Cli, churn: str) -> None:
    lab("endpoint", "traffic", churn, "blue=100", "green=0")

    sticky = lab("endpoint", "sticky", churn, "header:x-user-id")
    off = lab("endpoint", "sticky", churn, "off")
    copies = lab("endpoint", "mirror", churn, "green=10")
    report = lab("endpoint", "shadow-report", churn, "green")
    none = lab("endpoint", "mirror", churn, "green=0")

    assert sticky.out == "header:x-user-id\n"
    assert off.out.startswith("off")
    assert "green    0 %    10 %" in copies.out
    assert report.code == 0
    assert "10 %" not in none.out


def test_a_rollout_is_begun_followed_and_decided(lab: Cli, churn: str) -> None:
    lab("endpoint", "traffic", churn, "blue=100", "green=0")
    assert "No rollouts of churn" in lab("rollout", "list", churn).out
    early = lab("rollout", "status", churn)

    begun = lab("rollout", "start", churn, "green", "--steps", "5,100", "--step-seconds", "600")
    shown = lab("rollout", "status", churn)
    known = json.loads(lab("rollout", "status", churn, "--json").out)
    second = lab("rollout", "start", churn, "green")
    asked = lab("rollout", "promote", churn)
    back = lab("rollout", "rollback", churn, "--why", "complaints")
    ended = lab("rollout", "status", churn, "--watch")

    assert early.code == 3
    assert begun.code == 0, begun.err
    assert "--watch" in begun.out
    assert (shown.code, "green" in shown.out) == (0, True)
    assert (known["candidate"], known["steps"]) == ("green", [5.0, 100.0])
    assert (second.code, asked.code) == (1, 2)
    assert back.code == 0, back.err
    assert ended.code == 1
    assert "rolled back" in ended.out
    assert shares(lab, churn) == {"blue": 100.0, "green": 0.0}
    assert "rolled back" in lab("rollout", "list", churn).out
    assert lab("rollout", "start", churn, "gren").code == 3


@pytest.mark.slow
def test_a_compute_target_is_made_used_and_deleted(lab: Cli, churn: str) -> None:
    made = lab("compute", "create", "small", "--cpu", "1", "--memory", "2")
    listed = lab("compute", "list")
    gone = lab("compute", "delete", "small", "--yes")

    assert made.code == 0, made.err
    assert "0 of 1" in listed.out
    assert gone.code == 0, gone.err
    assert lab("compute", "delete", "small", "--yes").code == 3
    assert lab("compute", "create", "x", "--kind", "Moon").code == 2


def test_an_endpoint_that_takes_tokens_is_called_with_one(lab: Cli) -> None:
    lab("endpoint", "deploy", "opened", "--auth", "token")

    done = lab("endpoint", "score", "opened", '{"data": 1}')

    assert done.code == 0, done.out
    assert json.loads(done.out) == {"answer": "first", "sent": {"data": 1}}
