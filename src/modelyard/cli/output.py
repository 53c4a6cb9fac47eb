"""What commands print: tables for people, JSON for programs."""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from modelyard.domain.errors import BadInput

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

Column = str | tuple[str, Callable[[Any], Any]]
"""A field by its name, or a title and what stands below it."""

_LEAST = 72
_WIDE = 10_000
"""Columns of what is no terminal: `| grep` sees each thing on one line."""


def show(value: Any, as_json: bool, columns: Sequence[Column]) -> None:
    """One thing: its JSON, or a line for each column that holds something."""
    if as_json:
        print_json(value)
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for column in columns:
        text = _text(_field(value, column), between="\n")
        if text:
            table.add_row(_title(column).lower(), text)
    _print(table)


def show_all(
    values: Iterable[Any],
    as_json: bool,
    columns: Sequence[Column],
    none: str,
    *,
    verbatim: bool = False,
) -> None:
    """
    Many things: a JSON list, or a table; ``none`` is said when there is nothing.

    ``verbatim`` prints the titles as they are, to be copied.
    """
    items = list(values)
    if as_json:
        print_json(items)
    elif not items:
        say(none)
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for column in columns:
            title = str(column[0]) if verbatim else _title(column).upper()
            # a heading may wrap between words, never inside one
            least = max((len(word) for word in title.split()), default=0)
            table.add_column(title, overflow="fold", min_width=least)
        for item in items:
            table.add_row(*(_text(_field(item, column)) for column in columns))
        _print(table)


def print_json(value: Any) -> None:
    """A value as indented JSON."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def say(text: str) -> None:
    """A line for people."""
    sys.stdout.write(text + "\n")


def remark(text: str) -> None:
    """A line on stderr: progress and notes, never part of the result."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def confirm(question: str, *, yes: bool) -> None:
    """
    Go on only if the user agrees; ``yes`` says so already.

    Raises ``BadInput`` when nobody is there to answer, ``typer.Exit`` for a no.
    """
    if yes:
        return
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort as gone:
        sys.stderr.write("\n")
        if sys.stdin.isatty():
            raise typer.Exit(130) from gone
        raise BadInput("Nobody is there to answer. Add --yes to go on without asking.") from gone
    if not agreed:
        remark("Nothing was changed.")
        raise typer.Exit(1)


def _print(table: Table) -> None:
    terminal = sys.stdout.isatty()
    console = Console(highlight=False, markup=False)
    # narrower than this, columns would be left out instead of wrapped
    console.width = max(console.width, _LEAST) if terminal else _WIDE
    with console.capture() as held:
        console.print(table)
    text = held.get()
    if not terminal:
        text = "".join(line.rstrip() + "\n" for line in text.splitlines())
    sys.stdout.write(text)


def _title(column: Column) -> str:
    return (column if isinstance(column, str) else column[0]).replace("_", " ")


def _field(value: Any, column: Column) -> Any:
    return getattr(value, column, "") if isinstance(column, str) else column[1](value)


def _text(value: Any, between: str = ", ") -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dict):
        return between.join(f"{k}={_text(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return between.join(_text(item) for item in value)
    return str(value)
