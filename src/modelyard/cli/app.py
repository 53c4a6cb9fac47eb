"""All commands together."""

from importlib.metadata import version
from typing import Annotated

import typer

from modelyard.cli.lazy import grouped

COMMANDS = {
    "up": ("modelyard.cli.server:up", "Start Modelyard on this machine."),
    "down": ("modelyard.cli.server:down", "Stop Modelyard and everything it runs."),
    "status": (
        "modelyard.cli.server:status",
        "Show what runs, where it lies and how much disk it uses.",
    ),
    "logs": ("modelyard.cli.server:logs", "Show the log of one of the server's own processes."),
    "workspace": (
        "modelyard.cli.workspaces:app",
        "Workspaces: the boundary of everything below.",
    ),
    "model": ("modelyard.cli.models:app", "Registered models."),
    "environment": ("modelyard.cli.environments:app", "Environments that models run in."),
    "service": ("modelyard.cli.services:app", "Deployed models behind one address."),
    "endpoint": (
        "modelyard.cli.endpoints:app",
        "Versions behind one address, and their traffic.",
    ),
    "rollout": ("modelyard.cli.rollouts:app", "Traffic moved to a new version, on evidence."),
    "compute": ("modelyard.cli.computes:app", "Compute targets: named shares of this machine."),
    "run": ("modelyard.cli.runs:app", "Runs, their metrics and files."),
    "query": ("modelyard.cli.queries:query", "Ask telemetry in SQL or KQL."),
    "top": ("modelyard.cli.tops:top", "Show what all services do now."),
    "trace": ("modelyard.cli.traces:trace", "Show everything known of one request."),
    "data": ("modelyard.cli.data:app", "Collected inputs and outputs of services."),
    "token": ("modelyard.cli.tokens:app", "API tokens and their roles."),
    "backup": (
        "modelyard.cli.operate:backup",
        "Save everything to a file, while the server runs.",
    ),
    "restore": ("modelyard.cli.operate:restore", "Make an empty home what a backup says."),
    "gc": ("modelyard.cli.operate:gc", "Remove what nothing refers to any more."),
    "service-unit": ("modelyard.cli.units:app", "Modelyard as a unit of systemd."),
}
"""
Every command, where it lies, and its sentence of at most 60 characters for the list.

Nothing of it is imported before it is asked for.
"""

app = typer.Typer(
    name="modelyard",
    cls=grouped(COMMANDS),
    help="Track, register, deploy and watch models on your own machines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # plain help reads as well, and starts in half the time
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"modelyard {version('modelyard')}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the release.")
    ] = False,
) -> None:
    """Options of `modelyard` itself."""


def run() -> None:
    """Run the command line of this process; ends by SystemExit or the error of a command."""
    typer.main.get_command(app)(prog_name="modelyard")
