"""service deploy, service update: what runs behind an address, and how."""

from pathlib import Path
from typing import Annotated

import typer
from msgspec import convert

from modelyard.cli import deployments
from modelyard.cli import service_options as options
from modelyard.cli.choose import WorkspaceOption, pairs, server, workspace
from modelyard.cli.deployments import Name, at, find
from modelyard.cli.environments import Conda, Pip, Python, Requirements
from modelyard.cli.output import Json, remark
from modelyard.domain.errors import AlreadyExists, BadInput
from modelyard.sdk.client import Client, path
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.services import (
    Content,
    Service,
    ServiceChange,
    ServiceRequest,
    ServingOptions,
)


def deploy(
    name: Name,
    model: options.Models = None,
    entry: Annotated[
        Path | None,
        typer.Option(
            "--entry",
            "-e",
            help="The scoring script, with init() and run(); score.py when it is there.",
        ),
    ] = None,
    no_script: Annotated[
        bool, typer.Option("--no-script", help="Serve the one model by its framework.")
    ] = False,
    source: options.Source = None,
    environment: options.Registered = None,
    conda: Conda = None,
    requirements: Requirements = None,
    pip: Pip = None,
    python: Python = None,
    variable: options.Variables = None,
    tag: options.Tags = None,
    description: options.Description = None,
    workers: options.Workers = None,
    cpu: options.Cpu = None,
    memory: options.Memory = None,
    timeout: options.Timeout = None,
    init_timeout: options.InitTimeout = None,
    queue_limit: options.QueueLimit = None,
    queue_wait: options.QueueWait = None,
    body_limit: options.BodyLimit = None,
    cors: options.Cors = None,
    batching: options.BatchSize = None,
    batch_wait: options.BatchWait = None,
    tracebacks: options.Tracebacks = None,
    detect_failures: options.DetectFailures = None,
    nan: options.Nan = None,
    preload: options.Preload = None,
    fronts: options.Fronts = None,
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
    script = None if no_script else deployments.script_of(entry, source)
    if script and model and not (entry or source):
        remark(f"The script is this folder's {script}; --no-script serves the model without it.")
    variables, tags = pairs(variable), pairs(tag)
    client = server()
    space = workspace(client, ws)
    asked = options.Environment(environment, conda, requirements, pip, python)
    chosen = script is None and not asked
    runs_in = None if chosen else deployments.environment(client, space, asked)
    sent = deployments.send_source(client, script, source) if script else deployments.NO_SCRIPT
    serving = options.serving(
        workers, timeout, init_timeout, queue_limit, queue_wait, body_limit, cors
    )
    content = Content(
        source=sent.digest,
        entry_script=sent.entry_script,
        source_name=sent.name,
        environment=runs_in,
        models=model or [],
        variables=variables,
        limits=options.limits(cpu, memory),
        serving=options.further(
            serving, batching=batching, batch_wait=batch_wait, tracebacks=tracebacks,
            detect_failures=detect_failures, nan=nan, preload=preload, fronts=fronts,
        ),
    )  # fmt: skip
    request = ServiceRequest(
        name=name,
        content=content,
        auth="off" if keyless else "key",
        overwrite=overwrite,
        description=description or "",
        tags=tags,
    )
    deployments.finish(client, _deployed(client, space, request), no_wait=no_wait, as_json=as_json)


def update(
    name: Name,
    model: options.Models = None,
    entry: Annotated[
        Path | None, typer.Option("--entry", "-e", help="Another scoring script.")
    ] = None,
    source: options.Source = None,
    environment: options.Registered = None,
    conda: Conda = None,
    requirements: Requirements = None,
    pip: Pip = None,
    python: Python = None,
    variable: options.Variables = None,
    tag: options.Tags = None,
    description: options.Description = None,
    workers: options.Workers = None,
    cpu: options.Cpu = None,
    memory: options.Memory = None,
    timeout: options.Timeout = None,
    init_timeout: options.InitTimeout = None,
    queue_limit: options.QueueLimit = None,
    queue_wait: options.QueueWait = None,
    body_limit: options.BodyLimit = None,
    cors: options.Cors = None,
    batching: options.BatchSize = None,
    batch_wait: options.BatchWait = None,
    tracebacks: options.Tracebacks = None,
    detect_failures: options.DetectFailures = None,
    nan: options.Nan = None,
    preload: options.Preload = None,
    fronts: options.Fronts = None,
    auth: Annotated[str | None, typer.Option(help="key or off.")] = None,
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
    variables, tags = pairs(variable), pairs(tag)
    client = server()
    service = find(client, workspace(client, ws), name)
    content = deployments.wanted(service)
    change = ServiceChange(models=model or None, auth=auth, description=description)
    if entry or source:
        script = entry or Path(str(content.get("entry_script") or "score.py"))
        sent = deployments.send_source(client, script, source)
        change.source, change.entry_script, change.source_name = sent
        if content.get("chosen_environment"):
            # what was chosen for the model is what its script begins with
            change.environment = convert(content["environment"], EnvironmentDefinition)
    asked = options.Environment(environment, conda, requirements, pip, python)
    if asked:
        change.environment = deployments.environment(client, service.workspace, asked)
    if variables:
        change.variables = {**content.get("variables", {}), **variables}
    if tags:
        change.tags = {**service.tags, **tags}
    if cpu is not None or memory is not None:
        change.limits = options.limits(cpu, memory, content.get("limits"))
    serving = options.further(
        options.serving(
            workers, timeout, init_timeout, queue_limit, queue_wait, body_limit, cors
        ),
        batching=batching, batch_wait=batch_wait, tracebacks=tracebacks,
        detect_failures=detect_failures, nan=nan, preload=preload, fronts=fronts,
    )  # fmt: skip
    if serving != ServingOptions():
        change.serving = serving
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
