"""Commands that are imported when they are asked for, so that `modelyard --help` costs little."""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

INTERRUPTED = 130
"""What shells expect of a command that Ctrl-C ended."""


class Lazy(TyperGroup):
    """A command or a group whose module is not imported yet: its name and its sentence."""

    def __init__(self, name: str, target: str, sentence: str) -> None:
        super().__init__(name=name, help=sentence, rich_markup_mode=None)
        self.target = target

    def load(self) -> Any:
        """The command itself. ``target`` is ``module:attribute``, a Typer or a function."""
        module, _, attribute = self.target.partition(":")
        found = getattr(import_module(module), attribute)
        whole = typer.Typer(add_completion=False, rich_markup_mode=None)
        whole.callback()(_nothing)
        if isinstance(found, typer.Typer):
            whole.add_typer(found, name=self.name, help=self.help)
        else:
            whole.command(self.name)(found)
        return typer.main.get_command(whole).commands[self.name]  # type: ignore[attr-defined]

    def make_context(self, *args: Any, **more: Any) -> Any:
        """The context of the command itself: from here on it is the one that is asked."""
        return self.load().make_context(*args, **more)


def grouped(table: Mapping[str, tuple[str, str]]) -> type[TyperGroup]:
    """The class of a group that holds the commands of a table, name to target and sentence."""

    class Grouped(TyperGroup):
        def __init__(self, **more: Any) -> None:
            super().__init__(**more)
            lazy = {name: Lazy(name, target, text) for name, (target, text) in table.items()}
            self.commands = {**lazy, **self.commands}

        def invoke(self, ctx: Any) -> Any:
            try:
                result = super().invoke(ctx)
                sys.stdout.flush()
            except KeyboardInterrupt:
                raise typer.Exit(INTERRUPTED) from None
            except BrokenPipeError:
                # the reader of our output went away, as `| head` does: nothing is wrong
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise typer.Exit(0) from None
            return result

    return Grouped


def _nothing() -> None:
    """Make a group of an application with one command."""
