"""endpoint: versions behind one address, and who gets which requests."""

from contextlib import suppress
from typing import Annotated

import typer

from modelyard.cli import (
    applying,
    deployments,
    endpoint_facts,
    endpoint_traffic,
    endpoint_versions,
    service_calls,
    service_metrics,
    services,
)
from modelyard.cli.choose import WorkspaceOption, server, workspace
from modelyard.cli.deployments import find
from modelyard.cli.endpoint_versions import Endpoint
from modelyard.cli.endpoint_waiting import find_version
from modelyard.cli.output import Column, Json, print_json, say, show, show_all
from modelyard.domain.errors import ModelyardError
from modelyard.sdk.client import Client, path
from modelyard.sdk.telemetry import BASE
from modelyard.wire.services import Service, Version
from modelyard.wire.telemetry import Top, TopService

app = typer.Typer(no_args_is_help=True, help="Versions behind one address, and their traffic.")
NONE = "No endpoints. Make one: modelyard endpoint deploy --help"
WINDOW = "5m"
"""The time that rates and percentiles are of."""

_LISTED: list[Column] = [
    "name", "state", "auth",
    ("versions", lambda s: ", ".join(_named(v) for v in s.versions)),
    "scoring_uri",
]  # fmt: skip
_SHOWN: list[Column] = [
    "name", "state", "step", "auth", "scoring_uri",
    ("sticky", lambda s: s.traffic.sticky if s.traffic else ""),
    ("closed", lambda s: "yes: requests get 404" if s.traffic and s.traffic.closed else ""),
    "compute", "description", "tags", "created", "updated", "notes",
]  # fmt: skip
_VERSION: list[Column] = [
    "name", "state", "step",
    ("traffic", lambda v: f"{v.traffic:g} %" + (", default" if v.is_default else "")),
    ("copies", lambda v: f"{v.shadow:g} %" if v.shadow else ""),
    "type", "models",
    ("script", lambda v: v.entry_script or (v.framework and f"no script; {v.framework}")),
    ("environment", lambda v: v.environment.get("name", "")),
    "description", "tags", "live_revision", "wanted_revision", "stop_at", "created", "updated",
    "notes",
]  # fmt: skip


@app.command("list")
def list_(ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """
    List the endpoints and their versions.

    modelyard endpoint list
    """
    client = server()
    found = client.items(path("workspaces", workspace(client, ws), "services"), Service)
    show_all(found, as_json, _LISTED, NONE)


@app.command("show")
def show_(
    name: Endpoint,
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="One of its versions alone.")
    ] = None,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Show an endpoint with its versions, or one version and what is wrong with it.

    modelyard endpoint show churn

    modelyard endpoint show churn green
    """
    client = server()
    space = workspace(client, ws)
    found = (
        find(client, space, name)
        if version is None
        else find_version(client, space, name, version)
    )
    if as_json:
        print_json(found)
    elif isinstance(found, Version):
        show(found, False, _VERSION)
        say("")
        show_all(found.revisions, False, services.REVISIONS, "No revisions.")
        if found.error:
            say("\n" + deployments.explained(found.error))
    else:
        show(found, False, _SHOWN)
        say("")
        _versions(found, _measured(client, found))


def _versions(service: Service, measured: dict[str, TopService]) -> None:
    def of(version: Version, name: str) -> str:
        known = measured.get(version.name)
        value = getattr(known, name, None)
        return "" if value is None else f"{value:.1f}"

    columns: list[Column] = [
        ("version", lambda v: v.name),
        ("share", lambda v: f"{v.traffic:g} %"),
        ("copies", lambda v: f"{v.shadow:g} %" if v.shadow else ""),
        ("", lambda v: "default" if v.is_default else ""),
        "state",
        "models",
        ("req/s", lambda v: of(v, "rate")),
        ("p95 ms", lambda v: of(v, "p95")),
        ("workers", lambda v: _workers(v)),
        "notes",
    ]
    show_all(service.versions, False, columns, "No versions.")
    for version in service.versions:
        if version.error:
            said = str(version.error.get("message", "it did not come up")).splitlines()[0]
            say(f"\n{version.name}: {said}")
            say(f"More: modelyard endpoint show {service.name} {version.name}")


def _measured(client: Client, service: Service) -> dict[str, TopService]:
    """What telemetry knows of its versions; nothing where it cannot be asked."""
    with suppress(ModelyardError):
        found = client.get(f"{BASE}/top", Top, {"window": WINDOW})
        own = (service.workspace, service.name)
        return {s.version: s for s in found.services if (s.workspace, s.service) == own}
    return {}


def _workers(version: Version) -> str:
    live = [r for r in version.revisions if r.number == version.live_revision]
    return f"{live[0].ready_workers} of {live[0].workers}" if live else ""


def _named(version: Version) -> str:
    return f"{version.name} {version.traffic:g} %"


app.command()(endpoint_versions.deploy)
app.command()(endpoint_versions.create_version)
app.command()(endpoint_versions.update_version)
app.command()(endpoint_versions.delete_version)
app.command()(applying.apply)
app.command()(applying.schema)
app.command()(endpoint_traffic.traffic)
app.command()(endpoint_traffic.sticky)
app.command()(endpoint_traffic.mirror)
app.command()(endpoint_traffic.rollback)
app.command()(endpoint_facts.shadow_report)
app.command()(endpoint_facts.events)
app.command()(endpoint_facts.token)
app.command()(service_calls.logs)
app.command()(service_metrics.metrics)
app.command()(service_calls.keys)
app.command()(service_calls.score)
app.command()(services.stop)
app.command()(services.start)
app.command()(services.delete)
