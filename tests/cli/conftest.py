"""One real server per module, and the command line run in this process against it."""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from modelyard.cli.main import main
from tests.e2e.harness import Yard, yard

SCRIPT = """
import json, os

def init():
    print("ready as", os.environ.get("ANSWER", "first"))

def run(data):
    return {"answer": os.environ.get("ANSWER", "first"), "sent": json.loads(data)}
"""


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


Cli = Callable[..., Done]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A running Modelyard that the tests of one module share."""
    with yard(tmp_path_factory.mktemp("yard")) as place:
        yield place


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Cli:
    """Run a command in this process, in a fresh folder."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["modelyard", *argv])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        return Done(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    return run


@pytest.fixture
def lab(server: Yard, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line with a server, a workspace and a scoring script."""
    for name in ("MODELYARD_HOME", "MODELYARD_PORT", "MODELYARD_ENVIRONMENTS"):
        monkeypatch.setenv(name, server.environment[name])
    monkeypatch.setenv("MODELYARD_WORKSPACE", "lab")
    assert cli("workspace", "create", "lab", "--exist-ok").code == 0
    Path("score.py").write_text(SCRIPT)
    return cli
