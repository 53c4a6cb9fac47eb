"""endpoint deploy, create-version, update-version, delete-version."""

from typing import Annotated

import typer

from modelyard.cli import deployments
from modelyard.cli import service_options as options
from modelyard.cli.choose import WorkspaceOption, pairs, server, workspace
from modelyard.cli.deployments import find
from modelyard.cli.endpoint_waiting import find_version, versions_at, wait
from modelyard.cli.option_groups import grouped_options
from modelyard.cli.output import Column, Json, Yes, confirm, remark, say, show
from modelyard.domain.errors import BadInput, NotFound
from modelyard.sdk.client import Client, path
from modelyard.wire.contents import Content
from modelyard.wire.endpoints import VersionChange, VersionRequest
from modelyard.wire.services import Service, ServiceRequest, Version
from modelyard.wire.workspaces import Workspace

Endpoint = Annotated[str, typer.Argument(metavar="NAME", help="The endpoint's name.")]
VersionName = Annotated[str, typer.Argument(metavar="VERSION", help="The version's name.")]
Share = Annotated[
    float | None, typer.Option("--traffic", help="Its share of the requests, in percent.")
]
Default = Annotated[
    bool, typer.Option("--default", help="Make it the one that takes what no other was given.")
]
Control = Annotated[
    bool | None, typer.Option("--control/--no-control", help="What others are compared with.")
]
Strategy = Annotated[
    str,
    typer.Option(help="blue-green: it takes all traffic by itself as soon as it is healthy."),
]
KeepWarm = Annotated[
    float | None,
    typer.Option(help="Seconds that those before it stay up then (default 3600)."),
]
COLUMNS: list[Column] = [
    "name",
    "state",
    ("traffic", lambda v: f"{v.traffic:g} %" + (", default" if v.is_default else "")),
    "models",
    "scoring_uri",
    "updated",
    "notes",
]
_GROUPS = {"what": options.What, "runs_in": options.Environment, "serving": options.Serving}


@grouped_options(**_GROUPS)
def deploy(
    name: Endpoint,
    what: options.What,
    runs_in: options.Environment,
    serving: options.Serving,
    version: Annotated[str, typer.Option(help="The version's name.")] = "default",
    traffic: Share = None,
    strategy: Strategy = "",
    keep_warm: KeepWarm = None,
    control: Control = None,
    tag: options.Tags = None,
    description: options.Description = None,
    auth: Annotated[
        str | None, typer.Option(help="key, token or off, of an endpoint that is new.")
    ] = None,
    sticky: Annotated[
        str | None, typer.Option(help="header:NAME or cookie, of an endpoint that is new.")
    ] = None,
    compute: Annotated[
        str | None, typer.Option(help="A compute target, for an endpoint that is new.")
    ] = None,
    no_wait: options.NoWait = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Have a version of an endpoint serve this: both are made where they are not there.

    modelyard endpoint deploy churn --version blue --model churn:3

    modelyard endpoint deploy churn --version green --model churn:4 --strategy blue-green

    What is not said of a further version is as in the default version. A version that is there
    gets the new content beside the old, so that no request fails.
    """
    tags = pairs(tag)
    client = server()
    space = workspace(client, ws)
    if _service(client, space, name) is None:
        request = ServiceRequest(
            name=name,
            content=deployments.new_content(client, space, what, runs_in, serving),
            auth=auth or "key", version=version, sticky=sticky or "", compute=compute or "",
            description=description or "", tags=tags,
        )  # fmt: skip
        client.send("POST", path("workspaces", space, "services"), request, Service)
        _finish(client, space, name, version, no_wait=no_wait, as_json=as_json)
        return
    if auth or sticky or compute:
        raise BadInput(
            f"The endpoint {name!r} is there already. Change it: modelyard service update {name} "
            f"--auth …, modelyard endpoint sticky {name} …; its compute target stays."
        )
    request_ = VersionRequest(
        name=version, content=_content(client, space, what, runs_in, serving), traffic=traffic,
        strategy=strategy, is_control=bool(control), description=description or "", tags=tags,
        overwrite=True, inherit=not what.no_script,
    )  # fmt: skip
    _send(client, space, name, request_, keep_warm, no_wait=no_wait, as_json=as_json)


@grouped_options(**_GROUPS)
def create_version(
    name: Endpoint,
    version: VersionName,
    what: options.What,
    runs_in: options.Environment,
    serving: options.Serving,
    traffic: Share = None,
    default: Default = False,
    control: Control = None,
    strategy: Strategy = "",
    keep_warm: KeepWarm = None,
    tag: options.Tags = None,
    description: options.Description = None,
    no_wait: options.NoWait = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Add a version to an endpoint and wait until it is ready.

    modelyard endpoint create-version churn green --model churn:4 --traffic 10

    What is not said is as in the default version. Without --traffic it gets no requests but those
    that name it: azureml-model-deployment: VERSION.
    """
    tags = pairs(tag)
    client = server()
    space = workspace(client, ws)
    find(client, space, name)
    request = VersionRequest(
        name=version, content=_content(client, space, what, runs_in, serving), traffic=traffic,
        is_default=default, is_control=bool(control), strategy=strategy,
        description=description or "", tags=tags, inherit=not what.no_script,
    )  # fmt: skip
    _send(client, space, name, request, keep_warm, no_wait=no_wait, as_json=as_json)


@grouped_options(**_GROUPS)
def update_version(
    name: Endpoint,
    version: VersionName,
    what: options.What,
    runs_in: options.Environment,
    serving: options.Serving,
    traffic: Share = None,
    default: Default = False,
    control: Control = None,
    tag: options.Tags = None,
    description: options.Description = None,
    enabled: Annotated[
        bool | None, typer.Option("--start/--stop", help="Start it, or stop and keep it.")
    ] = None,
    no_wait: options.NoWait = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Change a version of an endpoint and wait until the change answers.

    modelyard endpoint update-version churn green --model churn:5 --workers 2

    What is not said stays. A new content starts beside the one that serves, so that no request
    fails. Variables and tags are added to those that are there.
    """
    tags = pairs(tag)
    client = server()
    space = workspace(client, ws)
    found = find_version(client, space, name, version)
    change = VersionChange(
        traffic=traffic, is_default=default or None, is_control=control, enabled=enabled,
        description=description, **deployments.changes(client, found, what, runs_in, serving),
    )  # fmt: skip
    if tags:
        change.tags = {**found.tags, **tags}
    if change == VersionChange():
        raise BadInput("Nothing to change was said. See: modelyard endpoint update-version --help")
    client.send("PATCH", versions_at(space, name, version), change, Version)
    _finish(client, space, name, version, no_wait=no_wait, as_json=as_json)


def delete_version(
    name: Endpoint, version: VersionName, yes: Yes = False, ws: WorkspaceOption = None
) -> None:
    """
    Delete a version of an endpoint that has no traffic.

    modelyard endpoint delete-version churn green
    """
    client = server()
    space = workspace(client, ws)
    find_version(client, space, name, version)
    confirm(f"Delete version {version} of {name}?", yes=yes)
    client.tell("DELETE", versions_at(space, name, version))
    say(f"Version {version} of {name} is being deleted; its requests under way are finished.")


def _service(client: Client, ws: str, name: str) -> Service | None:
    try:
        return find(client, ws, name)
    except NotFound:
        client.get(path("workspaces", ws), Workspace)  # it may be the workspace that is not there
        return None


def _content(
    client: Client,
    ws: str,
    what: options.What,
    runs_in: options.Environment,
    serving: options.Serving,
) -> Content | None:
    """What was said; the default version's is taken for the rest. No script by mere presence."""
    named = what.entry or what.source
    sent = deployments.NO_SCRIPT
    if named and not what.no_script:
        script = deployments.script_of(what.entry, what.source)
        if script is not None:
            sent = deployments.send_source(client, script, what.source)
    content = Content(
        source=sent.digest,
        entry_script=sent.entry_script,
        source_name=sent.name,
        environment=deployments.environment(client, ws, runs_in) if runs_in else None,
        models=what.model or [],
        variables=pairs(what.variable),
        limits=serving.limits(),
        serving=serving.options(),
    )
    return None if content == Content() else content


def _send(
    client: Client,
    ws: str,
    name: str,
    request: VersionRequest,
    keep_warm: float | None,
    *,
    no_wait: bool,
    as_json: bool,
) -> None:
    if keep_warm is not None and not request.strategy:
        raise BadInput("--keep-warm says nothing without --strategy blue-green.")
    if keep_warm is not None:
        request.keep_warm = keep_warm
    client.send("POST", versions_at(ws, name), request, Version)
    _finish(client, ws, name, request.name, no_wait=no_wait, as_json=as_json)


def _finish(
    client: Client, ws: str, name: str, version: str, *, no_wait: bool, as_json: bool
) -> None:
    found = find_version(client, ws, name, version)
    if not no_wait:
        found = wait(client, found)
    for note in found.notes:
        remark(note)
    uri = find(client, ws, name).scoring_uri
    columns: list[Column] = [c if c != "scoring_uri" else (c, lambda _: uri) for c in COLUMNS]
    show(found, as_json, [c for c in columns if c != "notes"])
