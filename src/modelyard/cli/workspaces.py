"""workspace: the boundary of experiments, models, environments and services."""

from typing import Annotated

import typer

from modelyard.cli.choose import pairs, server
from modelyard.cli.output import Json, Yes, confirm, say, show, show_all
from modelyard.domain.errors import AlreadyExists
from modelyard.sdk.client import path
from modelyard.wire.workspaces import Workspace, WorkspaceRequest

app = typer.Typer(no_args_is_help=True, help="Workspaces: the boundary of everything below.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The workspace's name.")]
COLUMNS = ["name", "created", "tags", "cloud"]


@app.command()
def create(
    name: Name,
    tag: Annotated[list[str] | None, typer.Option(help="KEY=VALUE; may be repeated.")] = None,
    exist_ok: Annotated[bool, typer.Option("--exist-ok", help="Take one that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Make a workspace."""
    request = WorkspaceRequest(name=name, tags=pairs(tag), exist_ok=exist_ok)
    try:
        made = server().send("POST", "/workspaces", request, Workspace)
    except AlreadyExists as error:
        raise AlreadyExists(f"{error.message} --exist-ok takes it.") from error
    show(made, as_json, COLUMNS)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the workspaces."""
    none = "No workspaces yet. Make one: modelyard workspace create NAME"
    show_all(server().items("/workspaces", Workspace), as_json, COLUMNS, none)


@app.command("show")
def show_(name: Name, as_json: Json = False) -> None:
    """Show a workspace."""
    show(server().get(path("workspaces", name), Workspace), as_json, COLUMNS)


@app.command()
def delete(name: Name, yes: Yes = False) -> None:
    """Delete a workspace with its runs, models and environments."""
    client = server()
    client.get(path("workspaces", name), Workspace)
    confirm(f"Delete workspace {name} and everything in it?", yes=yes)
    client.tell("DELETE", path("workspaces", name))
    say(f"Workspace {name} is deleted.")
