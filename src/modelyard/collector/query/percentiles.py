"""KQL's ``percentiles(x, 50, 95)``, which the translator lacks: as one ``percentile`` for each."""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    (?P<skip>//[^\n]*|```.*?```|[@]"(?:[^"]|"")*"|[@]'(?:[^']|'')*'
        |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<word>[A-Za-z_]\w*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<other>\s+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_NAMES = re.compile(r"(?:\(\s*([\w\s,]+?)\s*\)|\b([A-Za-z_]\w*))\s*=\s*$")


def spelled_out(text: str) -> str:
    """
    The query with a ``percentile`` for each of the ``percentiles``; names before it are theirs:
    ``(p50, p95) = percentiles(duration, 50, 95)``. As it is where they cannot be read. Pure.
    """
    done = ""
    rest = text
    while (at := _next(rest)) is not None:
        begin, end, arguments = at
        before = done + rest[:begin]
        names, before = _names(before)
        value, *ranks = arguments
        if not ranks:
            return text
        columns = (
            (f"{names[n]} = " if n < len(names) else "") + f"percentile({value}, {rank})"
            for n, rank in enumerate(ranks)
        )
        done = before + ", ".join(columns)
        rest = rest[end:]
    return done + rest


def _next(text: str) -> tuple[int, int, list[str]] | None:
    """Where the first call begins and ends, and its arguments."""
    for token in _TOKEN.finditer(text):
        if token["word"] != "percentiles":
            continue
        behind = re.compile(r"\s*\(").match(text, token.end())
        if behind is None:
            continue
        found = _arguments(text, behind.end())
        if found is not None:
            return token.start(), found[0], found[1]
    return None


def _arguments(text: str, start: int) -> tuple[int, list[str]] | None:
    """Where the bracket that was opened before ``start`` closes, and what stands in it."""
    begin, found, depth = start, list[str](), 0
    for token in _tokens(text, start):
        depth += bool(token["open"]) - bool(token["close"])
        if depth < 0 or (depth == 0 and token["other"] == ","):
            found.append(text[begin : token.start()].strip())
            begin = token.end()
        if depth < 0:
            return token.end(), found
    return None


def _tokens(text: str, start: int) -> Iterator[re.Match[str]]:
    return _TOKEN.finditer(text, start)


def _names(before: str) -> tuple[list[str], str]:
    """The names that stand before a call, and what stands before them."""
    match = _NAMES.search(before)
    if match is None:
        return [], before
    listed = match[1] if match[1] is not None else match[2]
    return [name.strip() for name in listed.split(",")], before[: match.start()]
