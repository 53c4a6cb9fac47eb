"""service diff: what callers of one service would notice of another."""

from typing import Annotated

import typer

from modelyard.cli.choose import WorkspaceOption, server, workspace
from modelyard.cli.deployments import at
from modelyard.cli.output import Json, print_json, say
from modelyard.domain.errors import BadInput
from modelyard.sdk.client import path
from modelyard.wire.services import SchemaChange, SchemaDiff

_HELP = "NAME or NAME:REVISION; without a revision, the one that serves."


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="What callers know now: " + _HELP)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What they would meet: " + _HELP)],
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Say which changes of the schema break callers; exit code 1 when one does.

    Compare two services, or two revisions of one: modelyard service diff prices:1 prices:2
    """
    (name, revision), (other, other_revision) = parsed(old), parsed(new)
    client = server()
    target = f"{at(workspace(client, ws), name)}/{path('diff', other)}"
    asked = {"revision": revision, "other_revision": other_revision}
    query = {key: value for key, value in asked.items() if value is not None}
    found = client.get(target, SchemaDiff, query)
    if as_json:
        print_json(found)
    else:
        _tell(old, new, found)
    if found.breaking:
        raise typer.Exit(1)


def parsed(text: str) -> tuple[str, int | None]:
    """A service and the number of its revision. Raises ``BadInput``."""
    name, colon, number = text.partition(":")
    if not colon:
        return name, None
    if not number.isdecimal() or not int(number):
        raise BadInput(
            f"{text!r} names no revision: after the colon there must be its number, "
            f"for example {name}:2. modelyard service show {name} lists them."
        )
    return name, int(number)


def _tell(old: str, new: str, found: SchemaDiff) -> None:
    if not found.breaking and not found.safe:
        say(f"{old} and {new} take and give the same.")
        return
    _list("Breaks callers:", found.breaking)
    _list("Safe:", found.safe)
    if not found.breaking:
        say(f"Nothing breaks the callers of {old}.")


def _list(title: str, changes: list[SchemaChange]) -> None:
    if changes:
        say(title)
        for change in changes:
            say(f"  {change.path} {change.text}")
