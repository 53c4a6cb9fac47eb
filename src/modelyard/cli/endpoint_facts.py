"""endpoint events, shadow-report, token: what became of an endpoint, and what opens it."""

from collections.abc import Mapping
from typing import Annotated

import typer

from modelyard.cli.choose import WorkspaceOption, running_server, server, workspace
from modelyard.cli.deployments import at
from modelyard.cli.endpoint_versions import Endpoint, VersionName
from modelyard.cli.output import Column, Json, print_json, remark, say, show, show_all
from modelyard.sdk.client import Client, path
from modelyard.sdk.events import changed
from modelyard.sdk.telemetry import BASE
from modelyard.wire.base import Page
from modelyard.wire.endpoints import AccessToken, Event, ShadowDifference, ShadowReport
from modelyard.wire.services import Version

_EVENTS: list[Column] = [
    "time", "who", "what", "version", ("change", changed), "why",
]  # fmt: skip
_WORST: list[Column] = [
    ("request", lambda d: d.request_id),
    ("where", lambda d: d.path),
    ("served", lambda d: _told(d, "served")),
    ("shadow", lambda d: _told(d, "shadow")),
    ("difference", lambda d: "" if d.difference is None else f"{d.difference:.3g}"),
]


def events(
    name: Endpoint,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=1, max=1000, help="How many, the newest first.")
    ] = 30,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Show what was changed of an endpoint: when, by whom, from what to what.

    modelyard endpoint events churn -n 5
    """
    client = server()
    target = at(workspace(client, ws), name) + "/events"
    found = client.get(target, Page[Event], {"limit": lines})
    show_all(found.items, as_json, _EVENTS, f"Nothing has been changed of {name}.")


def shadow_report(
    name: Endpoint,
    version: VersionName,
    since: Annotated[str, typer.Option(help="From when on: 30m, 12h, 7d, or a time.")] = "1h",
    tolerance: Annotated[
        float | None,
        typer.Option(min=0, help="Relative difference of numbers that counts as none."),
    ] = None,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Show how the answers of a shadow differ from those that callers got.

    modelyard endpoint shadow-report churn green --since 24h --tolerance 0.001
    """
    client = running_server()
    target = BASE + path("services", workspace(client, ws), name, "shadow")
    asked = {"version": version, "since": since, "tolerance": tolerance}
    given = {key: value for key, value in asked.items() if value is not None}
    found = client.get(target, ShadowReport, given)
    if as_json:
        print_json(found)
    elif not found.compared and not found.missed:
        _check_version(client, workspace(client, ws), name, version)
        say(
            f"No copies of requests went to {version} in this time. Begin: modelyard endpoint "
            f"mirror {name} {version}=10"
        )
    else:
        _report(found)


def token(name: Endpoint, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """
    Print a token that opens an endpoint whose auth is token, for a day.

    curl -H "Authorization: Bearer $(modelyard endpoint token churn)" …
    """
    client = server()
    found = client.send("POST", at(workspace(client, ws), name) + "/token", None, AccessToken)
    if as_json:
        print_json(found)
        return
    say(found.access_token)
    remark(f"It opens {name} until {found.expiry_on.astimezone():%Y-%m-%d %H:%M:%S}.")


def _check_version(client: Client, space: str, name: str, version: str) -> None:
    """Raises NotFound for a version that is not there: the collector knows only what it saw."""
    client.get(at(space, name) + path("versions", version), Version)


def _report(found: ShadowReport) -> None:
    share = "" if found.equal_share is None else f" ({found.equal_share:.1%})"
    columns: list[Column] = [
        "version",
        "since",
        "until",
        ("compared", lambda r: f"{r.compared} answers"),
        ("equal", lambda r: f"{r.equal}{share}, numbers within {r.tolerance:g}"),
        ("differences", lambda r: _quantiles(r.differences, "")),
        ("served", lambda r: _quantiles(r.served_latency, " ms") + _errors(r.served_errors)),
        ("shadow", lambda r: _quantiles(r.shadow_latency, " ms") + _errors(r.shadow_errors)),
        ("missed", lambda r: ", ".join(f"{n} {why}" for why, n in r.missed_by.items())),
    ]
    show(found, False, columns)
    if found.worst:
        say("\nThe worst examples:")
        show_all(found.worst, False, _WORST, "")


def _quantiles(values: Mapping[str, float], unit: str) -> str:
    return ", ".join(f"{name} {value:.3g}{unit}" for name, value in values.items())


def _errors(count: int) -> str:
    return f", {count} error{'s' * (count != 1)}" if count else ""


def _told(difference: ShadowDifference, side: str) -> str:
    status = getattr(difference, f"{side}_status")
    answer = getattr(difference, side)
    return f"{status} {answer}" if status and status != 200 else str(answer)
