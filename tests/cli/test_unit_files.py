"""The text of the unit, and that systemd understands it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.cli.unit_files import Unit, quoted, render, setting, word
from modelyard.domain.errors import BadInput


def lines(unit: Unit) -> list[str]:
    return render(unit).splitlines()


def unit(**more: object) -> Unit:
    return Unit(**{"python": "/venv/bin/python", "home": "/home/me/.modelyard",
                   "variables": {"MODELYARD_PORT": "8701"}, **more})  # type: ignore[arg-type]  # fmt: skip


def test_a_users_unit_starts_with_the_session() -> None:
    assert lines(unit()) == [
        "[Unit]",
        "Description=Modelyard in /home/me/.modelyard",
        "After=network.target",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        'ExecStart="/venv/bin/python" "-P" "-m" "modelyard.bootstrap.up"',
        'Environment="MODELYARD_PORT=8701"',
        "KillMode=process",
        "OOMPolicy=continue",
        "Delegate=yes",
        "Restart=always",
        "RestartSec=2",
        "TimeoutStopSec=300",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]


def test_a_unit_of_the_machine_starts_with_it_as_a_user() -> None:
    text = lines(unit(system=True, user="yard"))

    assert "User=yard" in text
    assert "WantedBy=multi-user.target" in text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", '"plain"'),
        ("two words", '"two words"'),
        ("100%", '"100%%"'),
        ('a "quote"', r'"a \"quote\""'),
        ("back\\slash", r'"back\\slash"'),
        ("two\nlines", r'"two\nlines"'),
        ("bell\a", r'"bell\x07"'),
        ("ümlaut", '"ümlaut"'),
        ("$HOME", '"$HOME"'),
    ],
)
def test_quoting(text: str, written: str) -> None:
    assert quoted(text) == written


def test_a_dollar_means_a_variable_only_in_commands() -> None:
    assert word("$HOME") == '"$$HOME"'
    assert setting("A", "$HOME") == '"A=$HOME"'


def read_back(written: str) -> str:
    """What systemd makes of a quoted word: C escapes first, then specifiers."""
    plain = {"\\\\": "\\", '\\"': '"', "\\n": "\n", "\\t": "\t"}
    inner = re.sub(
        r"\\x([0-9a-f]{2})|\\.",
        lambda m: chr(int(m[1], 16)) if m[1] else plain[m[0]],
        written[1:-1],
    )
    return inner.replace("%%", "%")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_whatever_is_quoted_is_one_line_and_comes_back(text: str) -> None:
    written = quoted(text)

    assert "\n" not in written
    assert re.fullmatch(r'"([^"\\]|\\.)*"', written, re.DOTALL)
    assert read_back(written) == text


@pytest.mark.parametrize("bad", ["\0", "\udc80"])
def test_what_is_no_text_is_refused(bad: str) -> None:
    with pytest.raises(BadInput, match="not UTF-8"):
        quoted(bad)


@pytest.mark.parametrize("bad", ["$", "'", '"', "\\"])
def test_an_interpreter_that_systemd_would_misread_is_refused(bad: str) -> None:
    with pytest.raises(BadInput, match="Install Modelyard in another folder"):
        render(unit(python=f"/opt/{bad}yard/python"))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
@pytest.mark.parametrize("system", [False, True])
@pytest.mark.parametrize("folder", ["plain", "100% of my yard äö"])
def test_systemd_understands_it(tmp_path: Path, folder: str, system: bool) -> None:
    python = tmp_path / folder / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    home = str(tmp_path / folder / "my 'own' \"home\"")
    path = tmp_path / "modelyard.service"
    asked = unit(
        python=str(python), home=home, variables={"MODELYARD_HOME": home, "PATH": "a\nb"},
        system=system, user="root" if system else None,
    )  # fmt: skip
    path.write_text(render(asked))

    # as a unit of the machine in both cases: there is no user's session here to ask about
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )

    said = [line for line in done.stderr.splitlines() if "modelyard" in line]
    assert said == []
    assert done.returncode == 0, done.stderr
