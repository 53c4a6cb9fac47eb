"""What `service deploy` sends, and waiting for what comes of it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from modelyard.cli import environments
from modelyard.domain.errors import BadInput
from modelyard.sdk.builds import follow
from modelyard.sdk.client import Client, path
from modelyard.sdk.folders import bundle, content_of
from modelyard.sdk.ignore import of_folder
from modelyard.sdk.transfer import upload
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.services import Content, Limits, Service, ServiceRequest, ServingOptions

POLL = 0.2
"""Seconds between two looks at a service that is on its way."""


class Environment(NamedTuple):
    """The options that say what a service runs in."""

    registered: str | None
    conda: Path | None
    requirements: Path | None
    pip: list[str] | None
    python: str | None


class Script(NamedTuple):
    """The scoring script, and the folder that is sent along with it (None: the script alone)."""

    entry: Path
    source: Path | None


def content(
    client: Client,
    ws: str,
    script: Script,
    environment: Environment,
    *,
    models: list[str],
    variables: dict[str, str],
    limits: Limits,
    serving: ServingOptions,
) -> Content:
    """Send the source and describe what shall run. Raises ``BadInput`` for what cannot."""
    entry, source = script
    file = (source / entry) if source else entry
    if not file.is_file():
        hint = f" in {source}" if source else ""
        raise BadInput(f"There is no scoring script {str(entry)!r}{hint}. Name it with --entry.")
    files = (
        content_of(source, of_folder(source, ".amlignore"))
        if source
        else bundle({entry.name: entry})
    )
    digest = upload(client, files, f"Uploading {source or entry}")
    return Content(
        source=digest,
        entry_script=entry.as_posix() if source else entry.name,
        source_name=source.resolve().name if source else "",
        environment=_environment(client, ws, environment),
        models=models,
        variables=variables,
        limits=limits,
        serving=serving,
    )


def request(name: str, content: Content, *, keyless: bool, overwrite: bool) -> ServiceRequest:
    """The request that deploys it."""
    auth = "off" if keyless else "key"
    return ServiceRequest(name=name, content=content, auth=auth, overwrite=overwrite)


def wait(client: Client, service: Service, tell: Callable[[str], None]) -> Service:
    """The service when it is no longer on its way; says what is being waited for."""
    target = path("workspaces", service.workspace, "services", service.name)
    step = ""
    while service.state == "Transitioning":
        if service.step != step:
            step = service.step
            tell(step)
            _show_build(client, service, step, tell)
        time.sleep(POLL)  # noqa: TID251 - polls a server
        service = client.get(target, Service)
    return service


def explained(error: Mapping[str, Any]) -> str:
    """An error of a revision as a person reads it: what, where, traceback, log, hint."""
    where = f" ({error['file']}, line {error['line']})" if error.get("file") else ""
    kind = f"{error['type']}: " if error.get("type") else ""
    lines = [f"{kind}{error.get('message', 'it did not come up')}{where}"]
    if error.get("traceback"):
        lines.append(str(error["traceback"]).rstrip())
    log = error.get("log")
    if log:
        lines += ["The end of its log:", *(f"  {line}" for line in list(log)[-20:])]
    if error.get("hint"):
        lines.append(f"Hint: {error['hint']}")
    return "\n".join(lines)


def _environment(client: Client, ws: str, asked: Environment) -> EnvironmentDefinition:
    own = (asked.conda, asked.requirements, asked.pip, asked.python)
    if asked.registered and any(own):
        raise BadInput("--environment stands alone: leave --conda, --requirements, --pip out.")
    if asked.registered:
        return environments.find(client, ws, asked.registered).definition
    return environments.definition("service", *own)


def _show_build(client: Client, service: Service, step: str, tell: Callable[[str], None]) -> None:
    """Stream the log of the environment's build while that is what is waited for."""
    digest = service.environment.get("digest")
    if digest and "environment" in step:
        follow(client, service.workspace, str(digest), tell)
