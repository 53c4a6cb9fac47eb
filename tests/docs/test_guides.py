"""What the guides show is what happens: their blocks run, in order, against a real server."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from modelyard.cli.app import app
from modelyard.cli.lazy import Lazy
from tests.docs.pages import program
from tests.e2e.harness import Yard, yard

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GUIDES = [
    DOCS / "guide" / f"{name}.md"
    for name in (
        "deploying",
        "environments",
        "sdk",
        "azure-scripts",
        "jobs",
        "no-code",
        "workers",
        "scaling",
        "batching",
        "protocols",
        "telemetry",
        "collecting",
        "endpoints",
        "shadow",
        "feedback",
        "rollouts",
    )
]
PAGES = [*GUIDES, DOCS / "reference" / "rest-api.md"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Yard]:
    """A server of each page's own, and the `modelyard` of this Python on the PATH."""
    with yard(tmp_path / "yard") as server:
        path = f"{Path(sys.executable).parent}:{server.environment['PATH']}"
        server.extra = {**server.extra, "PATH": path}
        yield server


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_in_order(page: Path, place: Yard, tmp_path: Path) -> None:
    if "```sh" in page.read_text() and shutil.which("curl") is None:
        pytest.skip("the page calls curl, which is not on this machine")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "run_page.py").write_text(program(page))

    place.run(sys.executable, "run_page.py", cwd=folder)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_every_link_of_a_guide_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


COMMAND = re.compile(
    r"^(?:\$ )?(?:\w+=\$\()?modelyard ((?:[a-z][a-z-]* ?){1,2})(.*)$", re.MULTILINE
)


@pytest.mark.parametrize(
    "page", [*sorted(DOCS.rglob("*.md")), ROOT / "README.md"], ids=lambda p: p.stem
)
def test_every_command_and_option_that_a_page_shows_exists(page: Path) -> None:
    fenced = "".join(re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))
    fenced = fenced.replace("\\\n", " ")
    unknown = []
    for words, rest in COMMAND.findall(fenced):
        command = _command(words.split())
        options = [option for p in getattr(command, "params", []) for option in p.opts]
        asked = re.findall(r"(?<=\s)(--[a-z-]+)", " " + rest.split("#")[0].split("|")[0])
        others = getattr(command, "context_settings", {}).get("ignore_unknown_options", False)
        if command is None or (set(asked) - {*options, "--help"} and not others):
            unknown.append(f"{words}{rest}")

    assert unknown == []


def _command(words: list[str]) -> Any:
    command: Any = typer.main.get_command(app)
    for word in words:
        command = command.load() if isinstance(command, Lazy) else command
        below = getattr(command, "commands", None)
        if below is None:  # an argument, not a command
            return command
        if word not in below:
            return None
        command = below[word]
    return command.load() if isinstance(command, Lazy) else command
