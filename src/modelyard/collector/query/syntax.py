"""What is said of SQL that cannot be parsed. Pure."""

import re

_EXCERPT = re.compile(r"^LINE (?P<line>\d+): (?P<text>.*)\n(?P<caret> *\^+)", re.MULTILINE)
_NEAR = re.compile(r'at or near "(?P<word>.*?)"$', re.MULTILINE)
_KUSTO = re.compile(
    r"\bago\(\d+[smhd]\)|^\s*\w+\s*(?:\|(?!\|)|where\b|summarize\b)", re.IGNORECASE
)
_HINTS = (
    (
        "unterminated string",
        "A text begins there and does not end. Write '' for a ' in it.",
    ),
    ("unterminated quoted", 'A name begins there with " and does not end.'),
    ("without selection list", "Say after SELECT what to show: columns, or * for all."),
    ("end of input", "Something is missing at its end, like a bracket, a name or a condition."),
)
_LOOK = (
    "Look at what stands just before it: a word that is misspelled or missing, a comma or bracket "
    "too many or too few."
)


def unreadable(said: str, text: str) -> str:
    """A sentence with the place and what to look at, and below it DuckDB's excerpt."""
    why = said.partition(": ")[2] or said
    excerpt = _EXCERPT.search(said)
    near = _NEAR.search(why)
    place = f" at {_place(excerpt, text)}" if excerpt else ""
    word = f", near {near['word']!r}" if near else f": {why.splitlines()[0]}" if why else ""
    look = next((hint for part, hint in _HINTS if part in said), _LOOK)
    other = " This looks like KQL: ask with --kql (language 'kql')." if _KUSTO.search(text) else ""
    shown = f"\n\n{excerpt[0]}" if excerpt else ""
    return f"The SQL cannot be read{place}{word}. {look}{other}{shown}"


def _place(excerpt: re.Match[str], text: str) -> str:
    """Line and column, both from 1 on; of a long line DuckDB shows only a part."""
    number, shown = int(excerpt["line"]), excerpt["text"]
    column = len(excerpt["caret"].rstrip("^")) - len(f"LINE {number}: ")
    if shown.startswith("..."):
        lines = text.splitlines()
        line = lines[number - 1] if number <= len(lines) else ""
        column += line.find(shown[3:].removesuffix("...")) - 3
    return f"line {number}, column {column + 1}"
