"""service deploy, service update: what runs behind an address, and how."""

from typing import Annotated

import typer

from modelyard.cli import deployments
from modelyard.cli import service_options as options
from modelyard.cli.choose import WorkspaceOption, pairs, server, workspace
from modelyard.cli.deployments import Name, at, find
from modelyard.cli.option_groups import grouped_options
from modelyard.cli.output import Json
from modelyard.domain.errors import AlreadyExists, BadInput
from modelyard.sdk.client import Client, path
from modelyard.wire.services import Service, ServiceChange, ServiceRequest


@grouped_options(what=options.What, runs_in=options.Environment, serving=options.Serving)
def deploy(
    name: Name,
    what: options.What,
    runs_in: options.Environment,
    serving: options.Serving,
    tag: options.Tags = None,
    description: options.Description = None,
    keyless: Annotated[bool, typer.Option("--open", help="No key needed.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what a service of that name runs.")
    ] = False,
    no_wait: options.NoWait = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Deploy a model as a web service and wait until it answers.

    Without a scoring script the one model is served by its framework.
    """
    tags = pairs(tag)
    client = server()
    space = workspace(client, ws)
    request = ServiceRequest(
        name=name,
        content=deployments.new_content(client, space, what, runs_in, serving),
        auth="off" if keyless else "key",
        overwrite=overwrite,
        description=description or "",
        tags=tags,
    )
    deployments.finish(client, _deployed(client, space, request), no_wait=no_wait, as_json=as_json)


@grouped_options(what=options.What, runs_in=options.Environment, serving=options.Serving)
def update(
    name: Name,
    what: options.What,
    runs_in: options.Environment,
    serving: options.Serving,
    tag: options.Tags = None,
    description: options.Description = None,
    auth: Annotated[str | None, typer.Option(help="key, token or off.")] = None,
    no_wait: options.NoWait = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Change what a service runs or how, and wait until the change answers.

    What is not said stays. The new revision starts beside the one that serves and takes over
    when it is ready, so that no request fails; if it fails, the old one goes on serving.
    Variables and tags are added to those that are there.
    """
    tags = pairs(tag)
    client = server()
    service = find(client, workspace(client, ws), name)
    parts = deployments.changes(client, service, what, runs_in, serving)
    change = ServiceChange(auth=auth, description=description, **parts)
    if tags:
        change.tags = {**service.tags, **tags}
    if change == ServiceChange():
        raise BadInput("Nothing to change was said. See: modelyard service update --help")
    changed = client.send("PATCH", at(service.workspace, name), change, Service)
    deployments.finish(client, changed, no_wait=no_wait, as_json=as_json)


def _deployed(client: Client, ws: str, request: ServiceRequest) -> Service:
    try:
        return client.send("POST", path("workspaces", ws, "services"), request, Service)
    except AlreadyExists as error:
        raise AlreadyExists(
            f"There is a service {request.name!r} already in workspace {ws!r}. Replace what it "
            f"runs with --overwrite, or change it: modelyard service update {request.name}"
        ) from error
