"""What a page of the documentation shows, as a program that does it."""

import re
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```(python|sh|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w./-]+\.(?:py|yml))\n")


class Block(NamedTuple):
    """A fenced block and the line of the page where its text begins."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The blocks that are run; those in `console` only show what was printed."""
    text = page.read_text()
    return [Block(m[1], m[2], text[: m.start(2)].count("\n") + 1) for m in _BLOCK.finditer(text)]


def program(page: Path) -> str:
    """
    A program that runs the page's blocks in order, Python in one namespace, shell in one bash.

    A block that begins with a comment like ``# score.py`` is written to that file.
    """
    lines = [
        "import subprocess, sys",
        "names = {'__name__': '__main__'}",
        "shell = 'set -euo pipefail\\n'",
    ]
    for block in blocks(page):
        named = _FILE.match(block.text)
        where = f"{page.name}, line {block.line}"
        lines.append(f"print({'--- ' + where!r}, flush=True)")
        if named:
            lines.append(f"open({named[1]!r}, 'w').write({block.text!r})")
        elif block.language == "python":
            text = "\n" * (block.line - 1) + block.text
            lines.append(f"exec(compile({text!r}, {page.name!r}, 'exec'), names)")
        elif block.language == "sh":
            # what earlier blocks set is known to later ones
            lines.append(f"done = subprocess.run(['bash', '-c', shell + {block.text!r}"
                         " + '\\ndeclare -px > .shell; declare -p >> .shell'])")  # fmt: skip
            lines.append(f"assert done.returncode == 0, {where!r}")
            lines.append("shell = 'source .shell 2>/dev/null || true; set -euo pipefail\\n'")
    return "\n".join(lines) + "\n"
