"""All commands together."""

from importlib.metadata import version
from typing import Annotated

import typer

from modelyard.cli import environments, models, runs, server, services, tokens, workspaces

app = typer.Typer(
    name="modelyard",
    help="Azure Machine Learning's work on your own machines: track, register, deploy, watch.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(server.up)
app.command()(server.down)
app.command()(server.status)
app.command()(server.logs)
app.add_typer(workspaces.app, name="workspace")
app.add_typer(runs.app, name="run")
app.add_typer(models.app, name="model")
app.add_typer(environments.app, name="environment")
app.add_typer(services.app, name="service")
app.add_typer(tokens.app, name="token")


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
