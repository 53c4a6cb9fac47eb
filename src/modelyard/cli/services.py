"""service: deployed models behind one address."""

import typer

from modelyard.cli import (
    deployments,
    service_calls,
    service_deploy,
    service_diff,
    service_feedback,
    service_metrics,
)
from modelyard.cli import service_options as options
from modelyard.cli.choose import WorkspaceOption, server, workspace
from modelyard.cli.deployments import COLUMNS, Name, at, find
from modelyard.cli.output import Column, Json, Yes, confirm, print_json, say, show, show_all
from modelyard.sdk.client import Client, path
from modelyard.wire.services import Service, ServiceChange

app = typer.Typer(no_args_is_help=True, help="Deployed models behind one address.")
LISTED = ["name", "state", "auth", "models", "scoring_uri"]
REVISIONS: list[Column] = [
    ("revision", lambda r: r.number),
    "state",
    ("workers", lambda r: f"{r.ready_workers} of {r.workers}"),
    "in_flight",
    "queued",
    "served",
    "restarts",
    "limits",
]
SWITCHES = ("tracebacks", "detect_failures", "preload")
NONE = "No services. Deploy one: modelyard service deploy --help"


app.command()(service_deploy.deploy)
app.command()(service_deploy.update)


@app.command("list")
def list_(ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """List the services."""
    client = server()
    services = client.items(path("workspaces", workspace(client, ws), "services"), Service)
    show_all(services, as_json, LISTED, NONE)


@app.command("show")
def show_(name: Name, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """Show a service, its revisions and what is wrong with it."""
    client = server()
    service = find(client, workspace(client, ws), name)
    if as_json:
        print_json(service)
        return
    more: list[Column] = [
        ("script", lambda s: s.entry_script or f"no script; served by {s.framework}"),
        "step", "description", "tags", "live_revision", "wanted_revision", ("options", _options),
        "created", "notes",
    ]  # fmt: skip
    show(service, False, [*COLUMNS, *more])
    say("")
    several = len({revision.version for revision in service.revisions}) > 1
    columns: list[Column] = ["version", *REVISIONS] if several else REVISIONS
    show_all(service.revisions, False, columns, "No revisions.")
    if service.error:
        say("\n" + deployments.explained(service.error))


def _options(service: Service) -> str:
    """How the wanted revision runs requests, where that is not the default."""
    serving = deployments.wanted(service).get("serving", {})
    said = []
    if batching := serving.get("batching"):
        wait = f" after {batching['max_wait_ms']:g} ms" if batching["max_wait_ms"] else ""
        said.append(f"batching {batching['max_size']}{wait}")
    said += [key.replace("_", "-") for key in SWITCHES if serving.get(key)]
    if serving.get("nan") == "error":
        said.append("nan error")
    if serving.get("fronts", 1) > 1:
        said.append(f"fronts {serving['fronts']}")
    return ", ".join(said)


app.command()(service_calls.logs)
app.command()(service_metrics.metrics)
app.command()(service_calls.keys)
app.command()(service_calls.score)
app.command()(service_feedback.feedback)
app.command()(service_diff.diff)


@app.command()
def delete(name: Name, ws: WorkspaceOption = None, yes: Yes = False) -> None:
    """Delete a service."""
    client = server()
    service = find(client, workspace(client, ws), name)
    confirm(f"Delete service {name}?", yes=yes)
    client.tell("DELETE", at(service.workspace, name))
    say(f"Service {name} is being deleted.")


@app.command()
def stop(name: Name, ws: WorkspaceOption = None) -> None:
    """Stop a service and keep everything of it."""
    _enable(name, ws, enabled=False)
    say(f"Service {name} stops. Start it again: modelyard service start {name}")


@app.command()
def start(
    name: Name, no_wait: options.NoWait = False, ws: WorkspaceOption = None, as_json: Json = False
) -> None:
    """Start a stopped service and wait until it answers."""
    client, service = _enable(name, ws, enabled=True)
    deployments.finish(client, service, no_wait=no_wait, as_json=as_json)


def _enable(name: str, ws: str | None, *, enabled: bool) -> tuple[Client, Service]:
    client = server()
    target = at(workspace(client, ws), name)
    return client, client.send("PATCH", target, ServiceChange(enabled=enabled), Service)
