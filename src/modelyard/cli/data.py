"""data: collected inputs and outputs."""

from typing import Annotated

import typer

from modelyard.cli.choose import WorkspaceOption, server, workspace
from modelyard.cli.deployments import Name
from modelyard.cli.output import Column, Json, print_json, remark, say, show_all
from modelyard.sdk.inputs import Inputs

app = typer.Typer(
    help="Collected inputs and outputs of services.", no_args_is_help=True, rich_markup_mode=None
)

COLUMNS: list[Column] = [
    "hour",
    "designation",
    "model",
    "version",
    "rows",
    "size",
    ("sealed", lambda file: "yes" if file.sealed else "no"),
]


@app.command("list")
def list_(name: Name, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """List the files of a service, and say what could not be kept."""
    client = server()
    found = Inputs(client, workspace(client, ws), name).status()
    if as_json:
        print_json(found)
        return
    show_all(found.items, False, COLUMNS, f"Nothing was collected of {name}.")
    lost = [
        f"{count} {what}"
        for what, count in (
            ("records dropped for want of room", found.dropped),
            ("rows over the limit of a call", found.cut),
            ("records unreadable", found.unreadable),
            ("rows of too many designations", found.crowded),
        )
        if count
    ]
    if lost:
        remark(f"Not kept since the collector's start, of all services: {', '.join(lost)}.")
    if found.problem:
        remark(found.problem)


@app.command()
def erase(
    name: Name,
    column: Annotated[str, typer.Argument(help="The column that names the subject.")],
    value: Annotated[str, typer.Argument(help="Its value; in hashed columns it is hashed first.")],
    ws: WorkspaceOption = None,
) -> None:
    """Erase all rows that have a value in a column."""
    client = server()
    found = Inputs(client, workspace(client, ws), name).erase(column, value)
    say(f"Erased {found.rows} rows from {found.files} files.")
