"""The table of differences as docs/reference/scoring.md shows it; ``python -m`` writes it."""

from pathlib import Path

from tests.conformance.differences import SECTIONS, Difference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "scoring.md"
BEGIN = "<!-- written by python -m tests.conformance.page -->\n"
END = "<!-- until here -->\n"


def table() -> str:
    """All sections, a heading and a table for each."""
    return "\n".join(_section(title, lines) for title, lines in SECTIONS.items())


def _section(title: str, lines: tuple[Difference, ...]) -> str:
    rows = [
        f"| {_codes(line.cases)} | {_codes(line.aspects)} | {_value(line.theirs)}"
        f" | {_value(line.ours)} | {line.reason} |"
        for line in lines
    ]
    head = "| script/request | what | Azure's | ours | why |\n| --- | --- | --- | --- | --- |"
    return f"### {title}\n\n{head}\n" + "\n".join(rows) + "\n"


def _codes(words: str) -> str:
    return "all" if words == "*" else ", ".join(f"`{word}`" for word in words.split())


def _value(text: str) -> str:
    if text in ("*", "absent"):
        return {"*": "", "absent": "-"}[text]
    return f"`{text.replace('|', ' ')}`" if text else "empty"


def shown(page: str) -> str:
    """What stands between the marks."""
    return page.split(BEGIN, 1)[1].split(END, 1)[0].strip("\n") + "\n"


def main() -> None:
    page = PAGE.read_text()
    before, rest = page.split(BEGIN, 1)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END, 1)[1]}")


if __name__ == "__main__":
    main()
