"""service: deployed models behind one address."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from modelyard.cli import deployments
from modelyard.cli.choose import WorkspaceOption, pairs, server, workspace
from modelyard.cli.environments import Conda, Pip, Python, Requirements
from modelyard.cli.output import Json, print_json, remark, say, show, show_all
from modelyard.domain.errors import BadInput, DeploymentFailed
from modelyard.sdk.client import Client, path
from modelyard.sdk.scoring import score as send
from modelyard.wire.services import (
    KeyChange,
    Keys,
    Limits,
    Logs,
    Revision,
    Service,
    ServiceChange,
    ServingOptions,
)

app = typer.Typer(no_args_is_help=True, help="Deployed models behind one address.")
COLUMNS = ["name", "state", "kind", "auth", "models", "scoring_uri", "updated"]
NONE = "No services. Deploy one: modelyard service deploy --help"
Name = Annotated[str, typer.Argument(metavar="NAME", help="The service's name.")]


@app.command()
def deploy(
    name: Name,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="NAME[:VERSION]; may be repeated.")
    ] = None,
    entry: Annotated[
        Path, typer.Option("--entry", "-e", help="The scoring script, with init() and run().")
    ] = Path("score.py"),
    source: Annotated[
        Path | None,
        typer.Option("--source", "-s", help="Folder sent along (default: the script alone)."),
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", "-E", help="A registered one: NAME[:VERSION].")
    ] = None,
    conda: Conda = None,
    requirements: Requirements = None,
    pip: Pip = None,
    python: Python = None,
    variable: Annotated[list[str] | None, typer.Option(help="KEY=VALUE for the script.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    cpu: Annotated[float | None, typer.Option(help="Cores that all workers may use.")] = None,
    memory: Annotated[float | None, typer.Option(help="GB that all workers may use.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds that run() may take.")] = None,
    keyless: Annotated[bool, typer.Option("--open", help="No key needed.")] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Update a service that is there."),
    ] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Return at once.")] = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Deploy a model as a web service and wait until it answers."""
    client = server()
    space = workspace(client, ws)
    wanted = deployments.Environment(environment, conda, requirements, pip, python)
    content = deployments.content(
        client,
        space,
        deployments.Script(entry, source),
        wanted,
        models=model or [],
        variables=pairs(variable or []),
        limits=Limits(cpu=cpu, memory_gb=memory),
        serving=ServingOptions(workers=workers, scoring_timeout=timeout),
    )
    request = deployments.request(name, content, keyless=keyless, overwrite=overwrite)
    target = path("workspaces", space, "services")
    service = client.send("POST", target, request, Service)
    for note in service.notes:
        remark(note)
    if not no_wait:
        service = deployments.wait(client, service, remark)
    _result(service, as_json)


@app.command("list")
def list_(ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """List the services."""
    client = server()
    services = client.items(path("workspaces", workspace(client, ws), "services"), Service)
    show_all(services, as_json, COLUMNS, NONE)


@app.command("show")
def show_(name: Name, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """Show a service, its revisions and what is wrong with it."""
    client = server()
    service = _get(client, workspace(client, ws), name)
    if as_json:
        print_json(service)
        return
    more = ["step", "live_revision", "wanted_revision", "created", "notes"]
    show(service, False, [*COLUMNS, *more])
    columns = ["number", "state", "ready_workers", "workers", "in_flight", "queued", "served",
               "restarts", "limits"]  # fmt: skip
    revisions: list[Revision] = service.revisions
    show_all(revisions, False, columns, "No revisions.")
    if service.error:
        say(deployments.explained(service.error))


@app.command()
def logs(
    name: Name,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines.")] = 200,
    ws: WorkspaceOption = None,
) -> None:
    """Show what the workers of a service printed."""
    client = server()
    target = path("workspaces", workspace(client, ws), "services", name, "logs")
    for line in client.get(target, Logs, {"lines": lines}).lines:
        sys.stdout.write(line + "\n")


@app.command()
def keys(
    name: Name,
    regenerate: Annotated[
        str | None, typer.Option(help="Primary or Secondary: make that one anew.")
    ] = None,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Show the two keys of a service, or make one anew."""
    client = server()
    target = path("workspaces", workspace(client, ws), "services", name, "keys")
    if regenerate:
        found = client.send("POST", target, KeyChange(key=regenerate.capitalize()), Keys)
    else:
        found = client.get(target, Keys)
    show(found, as_json, ["primary", "secondary"])


@app.command()
def score(
    name: Name,
    data: Annotated[
        str, typer.Argument(help="The body; @FILE reads it from a file, - from standard input.")
    ],
    ws: WorkspaceOption = None,
) -> None:
    """Call a service with its key and print the answer."""
    client = server()
    space = workspace(client, ws)
    service = _get(client, space, name)
    key = None
    if service.auth == "key":
        key = client.get(path("workspaces", space, "services", name, "keys"), Keys).primary
    answer = send(service.scoring_uri, _body(data), key)
    sys.stdout.write(answer.data.decode(errors="replace").rstrip("\n") + "\n")
    if answer.status >= 400:
        raise typer.Exit(1)


@app.command()
def delete(
    name: Name,
    ws: WorkspaceOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a service."""
    client = server()
    target = path("workspaces", workspace(client, ws), "services", name)
    client.get(target, Service)
    if not yes:
        typer.confirm(f"Delete service {name}?", abort=True)
    client.tell("DELETE", target)
    say(f"Service {name} is being deleted.")


@app.command()
def stop(name: Name, ws: WorkspaceOption = None) -> None:
    """Stop a service and keep everything of it."""
    _enable(name, ws, enabled=False)
    say(f"Service {name} stops; 'modelyard service start {name}' brings it back.")


@app.command()
def start(name: Name, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """Start a stopped service."""
    client, service = _enable(name, ws, enabled=True)
    _result(deployments.wait(client, service, remark), as_json)


def _enable(name: str, ws: str | None, *, enabled: bool) -> tuple[Client, Service]:
    client = server()
    target = path("workspaces", workspace(client, ws), "services", name)
    return client, client.send("PATCH", target, ServiceChange(enabled=enabled), Service)


def _get(client: Client, ws: str, name: str) -> Service:
    return client.get(path("workspaces", ws, "services", name), Service)


def _body(data: str) -> bytes:
    if data == "-":
        return sys.stdin.buffer.read()
    if data.startswith("@"):
        try:
            return Path(data[1:]).read_bytes()
        except OSError as error:
            raise BadInput(f"{data[1:]!r} cannot be read: {error.strerror}.") from error
    return data.encode()


def _result(service: Service, as_json: bool) -> None:
    if service.state == "Failed":
        details = msgspec.to_builtins(service.error or {})
        raise DeploymentFailed(
            f"Service {service.name!r} failed.\n{deployments.explained(details)}"
        )
    show(service, as_json, COLUMNS)
