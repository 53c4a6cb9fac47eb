"""The reference names every setting, command and code there is, and no other."""

import ast
import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from modelyard.api import errors as api_errors
from modelyard.cli.app import app
from modelyard.cli.lazy import Lazy
from modelyard.domain.errors import BY_CODE
from modelyard.domain.fronts import FrontState
from modelyard.settings import Settings

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SOURCE = ROOT / "src" / "modelyard"


def page(name: str) -> str:
    return (REFERENCE / name).read_text()


def headings(text: str, level: int = 3) -> list[str]:
    return re.findall(rf"^{'#' * level} `?([^`\n]+)`?$", text, re.MULTILINE)


# --- settings


def sentences() -> dict[str, str]:
    """Each variable's sentence, as the fields' docstrings say it."""
    tree = ast.parse((SOURCE / "settings.py").read_text())
    body = next(n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Settings")
    texts = [n.value.value for n in body if isinstance(n, ast.Expr) and _is_text(n.value)]
    pairs = (t.strip().split(": ", 1) for t in texts if t.startswith("MODELYARD_"))
    return dict(pairs)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_setting_has_its_heading_and_its_sentence() -> None:
    text = page("settings.md")
    told = sentences()

    assert len(told) == len(dataclasses.fields(Settings))
    assert [name for name in told if name not in headings(text)] == []
    plain = " ".join(text.replace("`", "").split())
    without_default = {n: s.split(" (default")[0].replace("`", "") for n, s in told.items()}
    assert [n for n, s in without_default.items() if s.rstrip(".")[1:] not in plain] == []


def test_every_variable_of_the_page_is_read_somewhere() -> None:
    code = "".join(p.read_text() for p in SOURCE.rglob("*.py"))

    assert [name for name in headings(page("settings.md")) if name not in code] == []


# --- errors


def serving_codes() -> set[str]:
    """What a front answers: the codes written where a Refusal is made, and its states."""
    codes = {state.value for state in FrontState} - {"ready", "gone"}
    position = {"Refusal": 1, "unavailable": 0, "_later": 0}
    for file in (SOURCE / "serving").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                at = position.get(node.func.id)
                if at is not None and len(node.args) > at and _is_text(node.args[at]):
                    codes.add(str(node.args[at].value))  # type: ignore[attr-defined]
    return codes


def worker_codes() -> set[str]:
    text = (ROOT / "src" / "modelyard_worker" / "answers.py").read_text()
    return {"bad_input", *re.findall(r'_failed\(.*, "(\w+)", ', text)}


def gateway_codes() -> set[str]:
    text = (ROOT / "tests" / "gateway" / "expected.cfg").read_text()
    return set(re.findall(r'"code":"(\w+)"', text))


def api_codes() -> set[str]:
    return {*BY_CODE, *api_errors._CODES.values(), "internal"}


@pytest.mark.parametrize("codes", [api_codes, gateway_codes, serving_codes, worker_codes])
def test_every_code_has_a_heading_with_its_cause_and_a_way_out(codes: Any) -> None:
    text = page("errors.md")

    assert len(codes()) > 2
    assert sorted(codes() - set(headings(text))) == []


def test_every_heading_of_the_page_is_a_code() -> None:
    known = api_codes() | gateway_codes() | serving_codes() | worker_codes()

    assert [code for code in headings(page("errors.md")) if code not in known] == []


def test_the_statuses_of_the_page_are_those_that_are_sent() -> None:
    sections = re.split(r"^### ", page("errors.md"), flags=re.MULTILINE)[1:]
    by_code = {s.split("\n", 1)[0].strip("`"): s for s in sections}

    for code, kind in BY_CODE.items():
        status = api_errors.status_of(kind(""))
        assert str(status) in by_code[code].split("\n", 3)[2], (code, status)


# --- commands


def commands(command: Any, words: tuple[str, ...] = ()) -> dict[str, Any]:
    command = command.load() if isinstance(command, Lazy) else command
    below = getattr(command, "commands", {})
    found = {} if below else {" ".join(words): command}
    for name, child in below.items():
        found |= commands(child, (*words, name))
    return found


def test_every_command_has_a_line_with_its_sentence() -> None:
    rows = dict(re.findall(r"^\| `modelyard ([a-z -]+?)[ A-Z\[:\].…]*` \| (.*) \|$",
                           page("cli.md"), re.MULTILINE))  # fmt: skip
    known = commands(typer.main.get_command(app))

    assert sorted(rows) == sorted(known)
    first = {name: " ".join(c.help.split("\n\n")[0].split()) for name, c in known.items()}
    assert {n: s for n, s in rows.items() if s != first[n]} == {}


@pytest.mark.parametrize("name", sorted(p.name for p in REFERENCE.glob("*.md")))
def test_every_link_of_the_reference_leads_somewhere(name: str) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", page(name))

    assert [link for link in links if not (REFERENCE / link).exists()] == []
