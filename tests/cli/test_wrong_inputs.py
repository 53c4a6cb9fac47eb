"""Whatever is wrong, a sentence says so, the exit code fits, and nobody sees a traceback."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Done

NOT_FOUND, WRONG, FAILED = 3, 2, 1


def check(done: Done, code: int, says: str) -> None:
    assert (done.code, done.out.strip()) == (code, ""), done
    assert says in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        ("workspace create lab", FAILED, "--exist-ok"),
        ("workspace create a/b", WRONG, "'a/b' cannot be the name of a workspace"),
        ("workspace create fine --tag x", WRONG, "'x' must be written KEY=VALUE"),
        ("workspace create fine --tag =x", WRONG, "'=x' must be written KEY=VALUE"),
        ("workspace show nope", NOT_FOUND, "no workspace 'nope'"),
        ("workspace delete nope --yes", NOT_FOUND, "no workspace 'nope'"),
        ("workspace delete lab", WRONG, "--yes"),
        ("model list --workspace nope", NOT_FOUND, "no workspace 'nope'"),
        ("model register net nothing.bin", WRONG, "no file or folder 'nothing.bin'"),
        ("model register net score.py --tag x", WRONG, "KEY=VALUE"),
        ("model register a:b score.py", WRONG, "'a:b' cannot be the name of a model"),
        ("model register", WRONG, "Missing argument"),
        ("model show nope", NOT_FOUND, "no model 'nope'"),
        ("model show nope:x", WRONG, "the version a whole number"),
        ("model show :1", WRONG, "must be NAME or NAME:VERSION"),
        ("model download nope", NOT_FOUND, "no model 'nope'"),
        ("model delete nope --yes", NOT_FOUND, "no model 'nope'"),
        ("environment show nope", NOT_FOUND, "no environment 'nope'"),
        ("environment build nope", NOT_FOUND, "no environment 'nope'"),
        ("environment register e --conda nothing.yml", WRONG, "nothing.yml"),
        ("environment register e --requirements bytes.bin", WRONG, "cannot be read as text"),
        ("environment register e --conda score.py --pip numpy", WRONG, "--conda stands alone"),
        ("environment register e --variable x", WRONG, "KEY=VALUE"),
        ("run list --status Nonsense", WRONG, "'Nonsense' is no status"),
        ("run list --experiment nope", NOT_FOUND, "no experiment 'nope'"),
        ("run show nope", NOT_FOUND, "no run 'nope'"),
        ("run metrics nope", NOT_FOUND, "no run 'nope'"),
        ("run files nope", NOT_FOUND, "no run 'nope'"),
        ("run download nope", NOT_FOUND, "no run 'nope'"),
        ("service deploy echo --entry nothing.py", WRONG, "no scoring script 'nothing.py'"),
        ("service deploy echo --source nothing", WRONG, "no folder 'nothing'"),
        ("service deploy echo --no-script", WRONG, "exactly one model"),
        ("service deploy echo --batch-wait 1", WRONG, "without --batching"),
        ("service deploy echo --batching 0", WRONG, "--batching"),
        ("service deploy echo --batching 9999", WRONG, "batching.max_size is 9999"),
        ("service deploy echo --nan maybe", WRONG, "'null' or 'error'"),
        ("service deploy echo --model nope", NOT_FOUND, "no model 'nope'"),
        ("model register net score.py --sample nothing.csv", WRONG, "no file 'nothing.csv'"),
        ("model register net score.py --sample score.py", WRONG, "--sample cannot be a file"),
        ("service deploy echo --environment nope", NOT_FOUND, "no environment 'nope'"),
        ("service deploy echo -E nope --pip six", WRONG, "--environment stands alone"),
        ("service deploy Not_A_Name", WRONG, "'Not_A_Name' cannot be the name of a service"),
        ("service deploy echo --workers 0", WRONG, "--workers"),
        ("service deploy echo --workers 100000", WRONG, "serving.workers"),
        ("service deploy echo --cpu 0", WRONG, "limits.cpu"),
        ("service deploy echo --cpu 9999", FAILED, "This machine has"),
        ("service deploy echo --memory much", WRONG, "--memory"),
        ("service deploy echo --variable 1=2", WRONG, "environment variable"),
        ("service deploy echo --pip ==", WRONG, "'=='"),
        ("service update nope --cpu 1", NOT_FOUND, "no service 'nope'"),
        ("service show nope", NOT_FOUND, "no service 'nope'"),
        ("service logs nope", NOT_FOUND, "no service 'nope'"),
        ("service keys nope", NOT_FOUND, "no service 'nope'"),
        ("service score nope 1", NOT_FOUND, "no service 'nope'"),
        ("service score nope @nothing.json", WRONG, "'nothing.json' cannot be read"),
        ("service delete nope --yes", NOT_FOUND, "no service 'nope'"),
        ("service stop nope", NOT_FOUND, "no service 'nope'"),
        ("token create me --role king", WRONG, "'king' is no role"),
        ("token revoke nope", NOT_FOUND, "no token"),
        ("logs nothing", WRONG, "choose one of"),
        ("up --port 70000", WRONG, "--port"),
        ("serv", WRONG, "Did you mean 'service'"),
        ("service lits", WRONG, "Did you mean 'list'"),
        ("model list --nonsense", WRONG, "No such option"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_wrong_input_gets_a_sentence_and_an_exit_code(
    lab: Cli, argv: str, code: int, says: str
) -> None:
    Path("bytes.bin").write_bytes(b"\xff\xfe\x00")

    check(lab(*argv.split()), code, says)


def test_nothing_to_change_is_said(lab: Cli) -> None:
    lab("service", "deploy", "still")

    check(lab("service", "update", "still"), WRONG, "Nothing to change")


def test_a_service_that_is_there_is_not_replaced_by_accident(lab: Cli) -> None:
    lab("service", "deploy", "twice", "--no-wait")

    check(lab("service", "deploy", "twice"), FAILED, "modelyard service update twice")


def test_a_question_that_is_answered_with_no_changes_nothing(lab: Cli) -> None:
    lab("workspace", "create", "kept")

    done = lab("workspace", "delete", "kept", stdin="n\n")

    assert done.code == 1
    assert "Nothing was changed." in done.err
    assert lab("workspace", "show", "kept").code == 0


def test_a_download_replaces_nothing_unless_it_is_told_to(lab: Cli) -> None:
    Path("weights").write_text("new")
    lab("model", "register", "kept", "weights")
    Path("weights").write_text("mine")

    check(lab("model", "download", "kept"), FAILED, "--force")
    mine = Path("weights").read_text()
    forced = lab("model", "download", "kept", "--force")

    assert mine == "mine"
    assert (forced.code, Path("weights").read_text()) == (0, "new")


def test_two_workspaces_must_be_told_apart(lab: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    lab("workspace", "create", "other", "--exist-ok")
    monkeypatch.delenv("MODELYARD_WORKSPACE")

    check(lab("model", "list"), WRONG, "--workspace or MODELYARD_WORKSPACE")


def test_a_wrong_token_is_said_with_where_it_comes_from(
    lab: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELYARD_TOKEN", "wrong")

    check(lab("model", "list", "--json"), FAILED, "MODELYARD_TOKEN")


def test_a_reader_may_look_but_not_change(lab: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = lab("token", "create", "eyes", "--role", "reader", "--quiet").out.strip()
    monkeypatch.setenv("MODELYARD_TOKEN", secret)

    check(lab("workspace", "create", "mine"), FAILED, "role")
    assert lab("model", "list", "--json").code == 0


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("http://127.0.0.1:9", FAILED, "does not answer"),
        ("nonsense", WRONG, "must be an address like"),
        ("http://127.0.0.1:99999", WRONG, "must be an address like"),
        ("ftp://127.0.0.1", WRONG, "must be an address like"),
    ],
)
def test_an_address_without_a_server_is_said_at_once(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, url: str, code: int, says: str
) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)

    check(cli("model", "list"), code, says)


def test_an_address_of_something_else_is_said(
    lab: Cli, server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELYARD_URL", f"{server.url}/elsewhere")

    check(lab("model", "list"), FAILED, "is no Modelyard")


@pytest.mark.parametrize("argv", ["status", "logs"])
def test_a_home_without_a_server_is_said(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, argv: str
) -> None:
    monkeypatch.setenv("MODELYARD_HOME", str(tmp_path / "nothing"))
    monkeypatch.delenv("MODELYARD_URL", raising=False)

    check(cli(argv), NOT_FOUND, str(tmp_path / "nothing"))


def test_a_setting_that_cannot_be_read_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELYARD_PORT", "abc")

    check(cli("status"), WRONG, "MODELYARD_PORT='abc'")
