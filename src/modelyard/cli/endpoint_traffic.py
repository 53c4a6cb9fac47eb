"""endpoint traffic, sticky, mirror, rollback: who gets which requests."""

from typing import Annotated

import typer

from modelyard.cli.choose import WorkspaceOption, pairs, server, workspace
from modelyard.cli.deployments import at
from modelyard.cli.endpoint_versions import Endpoint
from modelyard.cli.output import Column, Json, Yes, confirm, print_json, remark, say, show_all
from modelyard.domain.errors import BadInput
from modelyard.wire.endpoints import Rollback, TrafficChange
from modelyard.wire.services import Traffic

Shares = Annotated[
    list[str] | None, typer.Argument(metavar="[VERSION=PERCENT]...", help="What each shall get.")
]
Why = Annotated[str, typer.Option(help="A sentence that stands with the change in the events.")]


def traffic(
    name: Endpoint,
    shares: Shares = None,
    default: Annotated[
        str | None, typer.Option(help="The version that takes what no other was given.")
    ] = None,
    why: Why = "",
    yes: Yes = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Show how the requests are shared out, or share them out otherwise.

    modelyard endpoint traffic churn

    modelyard endpoint traffic churn blue=90 green=10

    A version that is not named gets 0; what is left of 100 goes to the default version. It is in
    force when the command ends.
    """
    given = percentages(shares)
    client = server()
    target = at(workspace(client, ws), name) + "/traffic"
    if not given and default is None:
        _show(client.get(target, Traffic), as_json)
        return
    if given and not any(given.values()):
        confirm(f"All shares are 0: {name} will answer 404. Close it?", yes=yes)
    change = TrafficChange(shares=given or None, default=default, why=why)
    _show(client.send("PATCH", target, change, Traffic), as_json)


def sticky(
    name: Endpoint,
    by: Annotated[
        str | None,
        typer.Argument(metavar="[BY]", help="header:NAME, cookie, cookie:NAME, or off."),
    ] = None,
    why: Why = "",
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Show or say by what a user is known, who then always gets the same version.

    modelyard endpoint sticky churn header:x-user-id

    modelyard endpoint sticky churn off
    """
    client = server()
    target = at(workspace(client, ws), name) + "/traffic"
    if by is None:
        found = client.get(target, Traffic)
    else:
        wanted = "" if by == "off" else by
        found = client.send("PATCH", target, TrafficChange(sticky=wanted, why=why), Traffic)
    if as_json:
        print_json(found)
        return
    say(found.sticky or "off: each request is shared out by chance")


def mirror(
    name: Endpoint,
    shares: Shares = None,
    why: Why = "",
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Show or say which versions get copies of requests, whose answers nobody sees.

    modelyard endpoint mirror churn green=10

    modelyard endpoint mirror churn green=0

    See what they answered: modelyard endpoint shadow-report churn green
    """
    given = percentages(shares)
    client = server()
    target = at(workspace(client, ws), name) + "/traffic"
    if given:
        before = client.get(target, Traffic).shadows
        change = TrafficChange(shadows={**before, **given}, why=why)
        _show(client.send("PATCH", target, change, Traffic), as_json)
        return
    _show(client.get(target, Traffic), as_json)


def rollback(
    name: Endpoint, why: Why = "", ws: WorkspaceOption = None, as_json: Json = False
) -> None:
    """
    Share the requests out as before the last change, at once.

    modelyard endpoint rollback churn --why "green answers nonsense"
    """
    client = server()
    target = at(workspace(client, ws), name) + "/rollback"
    _show(client.send("POST", target, Rollback(why=why), Traffic), as_json)


def percentages(texts: list[str] | None) -> dict[str, float]:
    """``["blue=90", "green=10%"]`` as numbers. Raises ``BadInput``."""
    found = {}
    for name, text in pairs(texts, "VERSION=PERCENT, like green=10").items():
        try:
            found[name] = float(text.removesuffix("%"))
        except ValueError:
            raise BadInput(
                f"{name}={text}: the share must be a number of percent, like {name}=10."
            ) from None
    return found


def _show(found: Traffic, as_json: bool) -> None:
    columns: list[Column] = [
        ("version", lambda name: name),
        ("share", lambda name: f"{found.shares.get(name, 0):g} %"),
        ("copies", lambda name: f"{found.shadows[name]:g} %" if name in found.shadows else ""),
        ("", lambda name: "default" if name == found.default else ""),
    ]
    if as_json:
        print_json(found)
        return
    show_all(sorted(found.shares), False, columns, "No versions.")
    if found.closed:
        say("closed: requests get 404, but for those that name a version")
    if found.sticky:
        say(f"sticky: {found.sticky}")
    if not found.in_force:
        remark("The gateway does not do so yet. See: modelyard status")
