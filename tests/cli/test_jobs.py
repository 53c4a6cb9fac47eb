"""`modelyard run submit`, `logs`, `wait` and `cancel`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.e2e.harness import Yard

TRAIN = """
import sys
from azureml.core import Run
print("arguments", sys.argv[1:])
Run.get_context().log("alpha", float(sys.argv[2]))
"""


@pytest.fixture
def yard(server: Yard, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Yard:
    monkeypatch.setenv("MODELYARD_HOME", str(server.home))
    monkeypatch.setenv("MODELYARD_WORKSPACE", "lab")
    cli("workspace", "create", "lab", "--exist-ok")
    Path("code").mkdir()
    Path("code/train.py").write_text(TRAIN)
    return server


def test_a_script_is_submitted_and_followed(yard: Yard, cli: Cli) -> None:
    done = cli("run", "submit", "--wait", "code/train.py", "--alpha", "0.5")

    assert done.code == 0
    assert done.out == "arguments ['--alpha', '0.5']\n"


def test_the_id_alone_is_printed_for_scripts(yard: Yard, cli: Cli) -> None:
    id = cli("run", "submit", "--source", "code", "train.py", "--alpha", "2").out.strip()

    waited = cli("run", "wait", id, "--json")

    assert waited.code == 0
    assert json.loads(waited.out)["status"] == "Completed"
    assert cli("run", "logs", id).out == "arguments ['--alpha', '2']\n"
    assert cli("run", "logs", id, "--follow").out == "arguments ['--alpha', '2']\n"
    assert json.loads(cli("run", "metrics", id, "--json").out)[0]["value"] == 2.0


def test_a_failure_is_told_and_is_the_exit_code(yard: Yard, cli: Cli) -> None:
    done = cli("run", "submit", "--wait", "code/train.py")

    assert done.code == 1
    assert "IndexError" in done.err
    assert "train.py, line 5" in done.err


def test_a_run_is_cancelled(yard: Yard, cli: Cli) -> None:
    Path("code/train.py").write_text("import time\ntime.sleep(600)\n")
    id = cli("run", "submit", "code/train.py").out.strip()

    cli("run", "cancel", id)

    waited = cli("run", "wait", id)
    assert waited.code == 1
    assert "ended as Canceled" in waited.err


def test_packages_make_an_environment(yard: Yard, cli: Cli) -> None:
    Path("code/train.py").write_text("import six\nprint('six', six.__version__)\n")

    done = cli("run", "submit", "--pip", "six==1.17.0", "--wait", "code/train.py")

    assert done.code == 0
    assert done.out.endswith("six 1.17.0\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["missing.py"], "no script 'missing.py'"),
        (["--source", "code", "other.py"], "no script 'other.py'"),
        (["--environment", "x", "--pip", "six", "code/train.py"], "leave out its description"),
        (["--environment", "nothing", "code/train.py"], "no environment 'nothing'"),
    ],
)
def test_what_cannot_work_is_refused(yard: Yard, cli: Cli, options: list[str], said: str) -> None:
    done = cli("run", "submit", *options)

    assert done.code in {2, 3}
    assert said in done.err
