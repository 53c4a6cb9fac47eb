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


def test_what_is_done_by_hand_names_its_workspace_for_the_demo_may_have_made_another() -> None:
    block = README.partition("## By hand")[2].partition("## ")[0]

    assert block.index("export MODELYARD_WORKSPACE=lab") < block.index("modelyard model register")


def test_the_shown_answer_is_the_one_that_the_salary_example_gives() -> None:
    shown = re.search(r'"\[(\d+\.\d\d)…\]"', README)

    assert shown
    assert abs(float(shown[1]) - (40_000 + 21 * 2_150)) < 50  # the line, and a little noise
