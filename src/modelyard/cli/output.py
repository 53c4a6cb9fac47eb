"""What commands print: tables for people, JSON for programs."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

_console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def show(value: Any, as_json: bool, columns: Sequence[str]) -> None:
    """One thing: its JSON, or a line per column."""
    if as_json:
        print_json(value)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for column in columns:
        table.add_row(f"[bold]{column}[/bold]", _text(_field(value, column)))
    _console.print(table)


def show_all(values: Iterable[Any], as_json: bool, columns: Sequence[str], none: str) -> None:
    """Many things: a JSON list, or a table; ``none`` is said when there is nothing."""
    items = list(values)
    if as_json:
        print_json(items)
    elif not items:
        _console.print(none)
    else:
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            table.add_column(column.upper().replace("_", " "), overflow="fold")
        for item in items:
            table.add_row(*(_text(_field(item, column)) for column in columns))
        _console.print(table)


def print_json(value: Any) -> None:
    """A value as indented JSON."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def say(text: str) -> None:
    """A line for people."""
    _console.print(text, markup=False)


def remark(text: str) -> None:
    """A line on stderr: progress and notes, never part of the result."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _field(value: Any, name: str) -> Any:
    return getattr(value, name, "")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dict):
        return ", ".join(f"{k}={v}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return str(value).replace("[", "\\[")
