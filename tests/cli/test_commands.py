"""Every command explains itself; starting one is quick."""

import json
import resource
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from modelyard.cli import app as app_
from modelyard.cli.lazy import Lazy
from tests.cli.conftest import Cli
from tests.e2e.harness import Yard
from tests.waiting import wait_until


def hear_ctrl_c() -> None:
    """A shell gives SIGINT ignored to what it runs in the background, and so to our children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C; what the command said on stderr. It is gone afterwards whatever happens."""
    with process:
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=20)[1]
        finally:
            process.kill()


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command below, by its words."""
    command = command.load() if isinstance(command, Lazy) else command
    if words:
        yield " ".join(words), command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*words, name))


COMMANDS = dict(commands(typer.main.get_command(app_.app)))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help_of_at_most_80_columns(cli: Cli, words: str) -> None:
    done = cli(*words.split(), "--help")

    assert done.code == 0
    assert done.out.startswith("Usage: modelyard " + words)
    assert [line for line in done.out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_and_argument_of_a_command_has_a_sentence(words: str) -> None:
    silent = [p.name for p in COMMANDS[words].params if not getattr(p, "help", None)]

    assert silent == []


def test_the_list_of_commands_holds_each_sentence_whole(cli: Cli) -> None:
    said = cli("--help").out

    assert [name for name, (_, text) in app_.COMMANDS.items() if text not in said] == []


def test_help_imports_neither_the_client_nor_tables() -> None:
    code = (
        "import sys; sys.argv = ['modelyard', '--help']\n"
        "from modelyard.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'urllib3', 'msgspec', 'rich', 'pydantic'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_a_command_starts_in_less_than_half_a_second_of_cpu() -> None:
    assert statistics.median(cpu_seconds("--version") for _ in range(3)) < 0.5


def cpu_seconds(*argv: str) -> float:
    before = _children()
    subprocess.run([sys.executable, "-m", "modelyard", *argv], capture_output=True, check=True)
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    "argv",
    [
        "status",
        "workspace list",
        "workspace show lab",
        "model list",
        "environment list",
        "service list",
        "run list",
        "token list",
    ],
)
def test_facts_are_printed_as_json_for_programs(lab: Cli, argv: str) -> None:
    done = lab(*argv.split(), "--json")

    assert done.code == 0
    assert isinstance(json.loads(done.out), list if argv.endswith("list") else dict)


def test_completion_knows_commands_and_options(server: Yard) -> None:
    def complete(words: str) -> list[str]:
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")),
                 "_MODELYARD_COMPLETE": "complete_bash"}  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "modelyard"],
            env={**server.environment, **asked},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.split()

    assert complete("modelyard servi") == ["service", "service-unit"]
    assert complete("modelyard service de") == ["deploy", "delete"]
    assert "--queue-limit" in complete("modelyard service deploy --q")


def test_a_reader_that_goes_away_is_no_error(lab: Cli, server: Yard) -> None:
    script = f"{sys.executable} -m modelyard service deploy --help | head -1"

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        env=server.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage")


def test_ctrl_c_while_waiting_says_that_the_deployment_goes_on(
    lab: Cli, server: Yard, tmp_path
) -> None:
    (tmp_path / "slow.py").write_text(
        "import time\ndef init():\n    time.sleep(3600)\ndef run(d):\n    return d\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "modelyard", "service", "deploy", "slow", "--entry", "slow.py"],
        cwd=tmp_path,
        env={**server.environment, "MODELYARD_WORKSPACE": "lab"},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "init() is running" in line:
            break

    said = interrupted(process)
    lab("service", "delete", "slow", "--yes")

    assert process.returncode == 130
    assert "The deployment goes on. Look at it: modelyard service show slow" in said
    assert "Traceback" not in said


def test_following_a_log_shows_new_lines_until_ctrl_c(lab: Cli, server: Yard, tmp_path) -> None:
    lab("service", "deploy", "chatty")
    out = tmp_path / "followed"
    with out.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "modelyard", "service", "logs", "chatty", "-f", "-w", "lab"],
            env=server.environment,
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hear_ctrl_c,
        )
    wait_until(lambda: "ready as first" in out.read_text(), what="the first lines")

    lab("service", "score", "chatty", "{broken")
    wait_until(lambda: "JSONDecodeError" in out.read_text(), what="the new lines")
    said = interrupted(process)

    assert (process.returncode, said) == (130, "")
    assert out.read_text().count("ready as first") == 1
