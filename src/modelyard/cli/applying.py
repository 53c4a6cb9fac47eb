"""endpoint apply: an endpoint as a file says."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.apply_plan import Change, Plan, plan
from modelyard.cli.apply_steps import Steps
from modelyard.cli.apply_wanted import wanted
from modelyard.cli.choose import WorkspaceOption, server, workspace
from modelyard.cli.deployments import at
from modelyard.cli.endpoint_file import EndpointFile
from modelyard.cli.endpoint_file import schema as schema_of_file
from modelyard.cli.endpoint_reading import read
from modelyard.cli.output import Json, Yes, confirm, print_json, remark, say
from modelyard.domain.errors import BadInput
from modelyard.sdk.client import Client, path
from modelyard.wire.services import Service
from modelyard.wire.workspaces import Workspace


def apply(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The endpoint's YAML, or - for standard input.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be changed.")
    ] = False,
    yes: Yes = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Make an endpoint what a file says, after showing the difference.

    modelyard endpoint apply endpoint.yml --dry-run

    modelyard endpoint apply endpoint.yml --yes

    New and changed versions come first, each until it is healthy; then traffic; versions that are
    not in the file are deleted at the end. A version that fails leaves the traffic as it is.
    """
    said, folder = _read(file)
    client = server()
    # what the file says is nearer than what the environment says
    source = context.get_parameter_source("ws")
    nearer = said.workspace and (source is None or source.name != "COMMANDLINE")
    space = workspace(client, said.workspace if nearer else ws)
    present = client.find(at(space, said.name), Service)
    if present is None:
        client.get(path("workspaces", space), Workspace)  # which may be what is not there
    versions = wanted(client, space, said, folder)
    todo = plan(said, versions, present)
    _show(said, space, todo, as_json=as_json, new=present is None)
    if dry_run:
        return
    steps = Steps(client, space, said, remark)
    if todo:
        confirm(f"Do this to {said.name}?", yes=yes)
        steps.run(todo)
        say_done(client, space, said, as_json=as_json)
    steps.remember(versions)


def schema() -> None:
    """
    Print the JSON Schema of an endpoint's file, for editors.

    modelyard endpoint schema > endpoint.schema.json
    """
    print_json(schema_of_file())


def say_done(client: Client, ws: str, file: EndpointFile, *, as_json: bool) -> None:
    """Where the endpoint answers now."""
    found = client.get(at(ws, file.name), Service)
    (remark if as_json else say)(f"{file.name} is as the file says: {found.scoring_uri}")


def _read(file: str) -> tuple[EndpointFile, Path]:
    if file == "-":
        return read(sys.stdin.read(), "standard input"), Path()
    try:
        text = Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"There is no file {file!r} (in {Path.cwd()}).") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file!r} cannot be read: {error}.") from error
    return read(text, file), Path(file).parent


def _show(file: EndpointFile, ws: str, todo: Plan, *, as_json: bool, new: bool) -> None:
    if as_json:
        changes = [asdict(change) for change in todo.changes]
        print_json({"name": file.name, "workspace": ws, "changes": changes})
    elif not todo:
        say(f"Nothing to do: {file.name} is as the file says.")
    else:
        say(f"{file.name} in workspace {ws}{' (new)' if new else ''}:")
        for line in lines(todo.changes):
            say(line)


def lines(changes: Sequence[Change]) -> list[str]:
    """The difference as people read it: + added, ~ changed, - removed. Pure."""
    width = max((len(change.path) + 1 for change in changes), default=0)
    return [_line(change, width) for change in changes]


def _line(change: Change, width: int) -> str:
    if change.after is None:
        return f"  - {change.path}"
    named = f"{change.path + ':':<{width}}"
    if change.before is None:
        return f"  + {named} {change.after}"
    return f"  ~ {named} {change.before} → {change.after}"
