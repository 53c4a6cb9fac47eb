"""Which files of a folder are not sent: ``.amlignore``, written like ``.gitignore``."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

NEVER_SENT = frozenset({".git", "__pycache__", ".venv", ".ipynb_checkpoints", ".amlignore"})
"""Names that no snapshot holds, whatever the ignore file says."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: what it matches, whether it takes files back in, whether only folders count."""

    pattern: re.Pattern[str]
    keep: bool
    folders_only: bool


@dataclass(frozen=True, slots=True)
class Ignore:
    """The rules of an ignore file; the last one that matches decides."""

    rules: tuple[Rule, ...] = ()
    always: frozenset[str] = NEVER_SENT

    @classmethod
    def of(cls, lines: Iterable[str]) -> "Ignore":
        """The rules that these lines say."""
        rules = (_rule(line) for line in lines)
        return cls(tuple(rule for rule in rules if rule is not None))

    def ignores(self, path: str, *, folder: bool) -> bool:
        """Whether the '/'-separated relative path is left out."""
        if path.rsplit("/", 1)[-1] in self.always:
            return True
        left_out = False
        for rule in self.rules:
            if (folder or not rule.folders_only) and rule.pattern.fullmatch(path):
                left_out = not rule.keep
        return left_out


NOTHING = Ignore((), frozenset())
"""Sends everything: what a registered folder is."""


def of_folder(folder: Path, *names: str) -> Ignore:
    """The rules of the first of these files that is in the folder."""
    for name in names:
        file = folder / name
        if file.is_file():
            return Ignore.of(file.read_text(errors="replace").splitlines())
    return Ignore()


def _rule(line: str) -> Rule | None:
    text = line.rstrip()
    if not text or text.startswith("#"):
        return None
    keep = text.startswith("!")
    text = text[1:] if keep else text
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    if not text:
        return None
    anchored = "/" in text
    body = _regex(text.removeprefix("/"))
    return Rule(re.compile(body if anchored else f"(?:.*/)?{body}"), keep, folders_only)


_TOKENS = re.compile(r"(?P<deep>\*\*/)|(?P<all>\*\*)|(?P<star>\*)|(?P<one>\?)|(?P<set>\[[^\]]+\])")


def _regex(text: str) -> str:
    parts, at = [], 0
    for token in _TOKENS.finditer(text):
        parts.append(re.escape(text[at : token.start()]))
        at = token.end()
        word = {"deep": "(?:.*/)?", "all": ".*", "star": "[^/]*", "one": "[^/]"}
        kind = str(token.lastgroup)
        parts.append(word.get(kind) or "[" + token.group()[1:-1].replace("!", "^", 1) + "]")
    parts.append(re.escape(text[at:]))
    return "".join(parts)
