"""compute: named shares of this machine that services are deployed to."""

from typing import Annotated

import typer

from modelyard.cli.choose import WorkspaceOption, pairs, server, workspace
from modelyard.cli.output import Column, Json, Yes, confirm, remark, say, show, show_all
from modelyard.sdk.client import path
from modelyard.wire.computes import Compute, ComputeRequest

app = typer.Typer(no_args_is_help=True, help="Compute targets: named shares of this machine.")
NONE = "No compute targets. Make one: modelyard compute create --help"
Name = Annotated[str, typer.Argument(metavar="NAME", help="The target's name.")]
COLUMNS: list[Column] = [
    "name", "kind", "state",
    ("cores", lambda c: _of(c.used_cpu, c.cpu)),
    ("GB", lambda c: _of(c.used_memory_gb, c.memory_gb)),
    "nodes", "services",
]  # fmt: skip


@app.command("list")
def list_(ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """
    List the compute targets, what is used of each, and what is deployed to it.

    modelyard compute list
    """
    client = server()
    found = client.items(path("workspaces", workspace(client, ws), "computes"), Compute)
    show_all(found, as_json, COLUMNS, NONE)


@app.command()
def create(
    name: Name,
    kind: Annotated[str, typer.Option(help="AKS for services, AmlCompute for jobs.")] = "AKS",
    cpu: Annotated[
        float | None, typer.Option(help="Cores that all on it may have (default: the machine's).")
    ] = None,
    memory: Annotated[
        float | None, typer.Option(help="GB that all on it may have (default: the machine's).")
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(min=1, help="Jobs at once, of an AmlCompute.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="KEY=VALUE; may be repeated.")
    ] = None,
    description: Annotated[str, typer.Option(help="A sentence about it.")] = "",
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Make a compute target: a named share of this machine.

    modelyard compute create team-a --cpu 4 --memory 16
    """
    client = server()
    request = ComputeRequest(
        name=name, kind=kind, cpu=cpu, memory_gb=memory, nodes=nodes,
        description=description, tags=pairs(tag),
    )  # fmt: skip
    target = path("workspaces", workspace(client, ws), "computes")
    made = client.send("POST", target, request, Compute)
    for note in made.notes:
        remark(note)
    show(made, as_json, COLUMNS)


@app.command()
def delete(name: Name, yes: Yes = False, ws: WorkspaceOption = None) -> None:
    """
    Delete a compute target that nothing is deployed to.

    modelyard compute delete team-a
    """
    client = server()
    target = path("workspaces", workspace(client, ws), "computes", name)
    client.get(target, Compute)
    confirm(f"Delete compute target {name}?", yes=yes)
    client.tell("DELETE", target)
    say(f"Compute target {name} is deleted.")


def _of(used: float, bound: float | None) -> str:
    return f"{used:g} of {bound:g}" if bound is not None else f"{used:g} of all"
