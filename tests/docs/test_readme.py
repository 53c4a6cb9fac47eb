"""What the README shows is what the examples hold, and what tests run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", ["score.py", "salary.py"])
def test_the_readme_holds_the_salary_example_whole(name: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

    assert (ROOT / "examples" / "salary" / name).read_text() in blocks


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_of_readme_and_contributing_exists() -> None:
    text = README + (ROOT / "CONTRIBUTING.md").read_text()
    targets = set(re.findall(r"[`$] ?make ([a-z-]+)", text))
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert targets
    assert targets <= known


def test_every_command_of_the_readme_exists() -> None:
    commands = set(re.findall(r"^\$ modelyard ((?:[a-z-]+ ?){1,2}?)(?= |$)", README, re.MULTILINE))

    assert commands
    for command in sorted(commands):
        done = subprocess.run(
            [sys.executable, "-m", "modelyard", *command.split(), "--help"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, command + done.stderr
