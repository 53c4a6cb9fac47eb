"""The pages about operating Modelyard name only commands, options and settings that exist."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "operate").glob("*.md"))
SHOWN = re.compile(r"^\$ (?:sudo )?(?:.* \| )?modelyard ([^#|>\n]*)", re.MULTILINE)


@cache
def help_of(*command: str) -> str | None:
    done = subprocess.run(
        [sys.executable, "-m", "modelyard", *command, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_that_a_page_shows_exists_with_its_options(page: Path) -> None:
    commands = SHOWN.findall(page.read_text())

    assert commands
    for shown in commands:
        words = shown.split()
        names = words[:2] if words[0] in {"service-unit", "token", "service"} else words[:1]
        said = help_of(*names)
        assert said is not None, shown
        for option in (word for word in words if word.startswith("--")):
            assert option in said, shown


def test_every_setting_that_a_page_names_exists() -> None:
    known = set(re.findall(r"MODELYARD_[A-Z_]+", (ROOT / "src/modelyard/settings.py").read_text()))

    named = {name for page in PAGES for name in re.findall(r"MODELYARD_[A-Z_]+", page.read_text())}

    assert named - {"MODELYARD_"} <= known


def test_every_file_that_a_page_names_exists() -> None:
    named = {
        name
        for page in PAGES
        for name in re.findall(r"`((?:src|tests|docs)/[a-z0-9_/.]+)`", page.read_text())
    }

    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
