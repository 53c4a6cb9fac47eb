"""What `service deploy` and `service update` send, and waiting for what comes of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from msgspec import convert

from modelyard.cli import environments
from modelyard.cli.choose import pairs
from modelyard.cli.output import remark, show
from modelyard.cli.service_options import Environment, Serving, What
from modelyard.domain.errors import BadInput, DeploymentFailed
from modelyard.sdk.builds import follow
from modelyard.sdk.client import Client, path
from modelyard.sdk.folders import bundle, content_of
from modelyard.sdk.ignore import of_folder
from modelyard.sdk.transfer import upload
from modelyard.wire.contents import Content, ServingOptions
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.services import Revision, Service, Version

Name = Annotated[str, typer.Argument(metavar="NAME", help="The service's name.")]
COLUMNS = ["name", "state", "kind", "auth", "models", "scoring_uri", "updated"]
POLL = 0.2
"""Seconds between two looks at a service that is on its way."""


class Sent(NamedTuple):
    """A source that the server has: its manifest's digest, the script in it, its folder's name."""

    digest: str
    entry_script: str
    name: str


NO_SCRIPT = Sent("", "", "")
"""What a model that is served by its framework has instead."""


def at(ws: str, name: str) -> str:
    """Where the API has the service."""
    return path("workspaces", ws, "services", name)


def find(client: Client, ws: str, name: str) -> Service:
    """The service. Raises ``NotFound``."""
    return client.get(at(ws, name), Service)


def environment(client: Client, ws: str, asked: Environment) -> EnvironmentDefinition:
    """What it runs in. Raises ``BadInput`` for options that contradict each other."""
    own = (asked.conda, asked.requirements, asked.pip, asked.python)
    if asked.registered and any(own):
        raise BadInput("--environment stands alone: leave --conda, --requirements, --pip out.")
    if asked.registered:
        return environments.find(client, ws, asked.registered).definition
    return environments.definition("service", *own)


def script_of(entry: Path | None, source: Path | None) -> Path | None:
    """
    The scoring script: the one named, else score.py where it is there, else none.

    Raises ``BadInput`` when the one named, or that of a folder, is not there.
    """
    default = Path("score.py")
    if entry is None and source is None and not default.is_file():
        return None
    check_script(entry or default, source)
    return entry or default


def check_script(entry: Path, source: Path | None) -> None:
    """Raises ``BadInput`` when the script is not there."""
    if source and not source.is_dir():
        raise BadInput(f"There is no folder {str(source)!r} for --source.")
    if not (source / entry if source else entry).is_file():
        where = f" in the folder {str(source)!r}" if source else ""
        raise BadInput(f"There is no scoring script {str(entry)!r}{where}. Name it with --entry.")


def send_source(client: Client, entry: Path, source: Path | None) -> Sent:
    """Upload the script, alone or with its folder. Raises ``BadInput`` for what cannot be read."""
    check_script(entry, source)
    if source is None:
        files = bundle({entry.name: entry})
        return Sent(upload(client, files, f"Uploading {entry}"), entry.name, "")
    files = content_of(source, of_folder(source, ".amlignore"))
    digest = upload(client, files, f"Uploading {source}")
    return Sent(digest, entry.as_posix(), source.resolve().name)


def wanted(service: Service | Version) -> Mapping[str, Any]:
    """The content that the service is to have: that of its wanted revision."""
    revision = _wanted(service)
    return revision.content if revision else {}


def new_content(
    client: Client, ws: str, what: What, runs_in: Environment, serving: Serving
) -> Content:
    """What options say of something new; the source is uploaded. Raises ``BadInput``."""
    variables, options = pairs(what.variable), serving.options()
    script = None if what.no_script else script_of(what.entry, what.source)
    if script and what.model and not (what.entry or what.source):
        remark(f"The script is this folder's {script}; --no-script serves the model without it.")
    chosen = script is None and not runs_in
    sent = send_source(client, script, what.source) if script else NO_SCRIPT
    return Content(
        source=sent.digest,
        entry_script=sent.entry_script,
        source_name=sent.name,
        environment=None if chosen else environment(client, ws, runs_in),
        models=what.model or [],
        variables=variables,
        limits=serving.limits(),
        serving=options,
    )


def changes(
    client: Client,
    of: Service | Version,
    what: What,
    runs_in: Environment,
    serving: Serving,
) -> dict[str, Any]:
    """The parts of a change that options say, with what stays of those that change in part."""
    content = wanted(of)
    found: dict[str, Any] = {"models": what.model or None}
    options, variables = serving.options(), pairs(what.variable)
    if what.no_script:
        found |= {"source": "", "entry_script": "", "source_name": ""}
    elif what.entry or what.source:
        script = what.entry or Path(str(content.get("entry_script") or "score.py"))
        sent = send_source(client, script, what.source)
        found |= {"source": sent.digest, "entry_script": sent.entry_script}
        found["source_name"] = sent.name
        if content.get("chosen_environment"):
            # what was chosen for the model is what its script begins with
            found["environment"] = convert(content["environment"], EnvironmentDefinition)
    if runs_in:
        found["environment"] = environment(client, of.workspace, runs_in)
    if variables:
        found["variables"] = {**content.get("variables", {}), **variables}
    if serving.limited:
        found["limits"] = serving.limits(content.get("limits"))
    if options != ServingOptions():
        found["serving"] = options
    return {name: value for name, value in found.items() if value is not None}


def wait(client: Client, service: Service, tell: Callable[[str], None]) -> Service:
    """The service when it is no longer on its way; says what is being waited for."""
    step = ""
    try:
        while service.state == "Transitioning":
            if service.step != step:
                step = service.step
                tell(step)
                show_build(client, service, step, tell)
            time.sleep(POLL)  # noqa: TID251 - polls a server
            service = find(client, service.workspace, service.name)
    except KeyboardInterrupt:
        tell(f"\nThe deployment goes on. Look at it: modelyard service show {service.name}")
        raise
    return service


def finish(client: Client, service: Service, *, no_wait: bool, as_json: bool) -> None:
    """Wait unless told not to, and show what came of it; raises like ``check``."""
    said: list[str] = []

    def tell(line: str) -> None:
        said.extend(line.splitlines())
        remark(line)

    for note in service.notes:
        tell(note)
    if not no_wait:
        service = wait(client, service, tell)
        check(service, said)
    for note in service.notes:
        if note not in said:
            tell(note)
    show(service, as_json, COLUMNS)


def check(service: Service, said: Sequence[str] = ()) -> None:
    """Raises ``DeploymentFailed`` for one that did not come up: why, and what is not said yet."""
    if service.state != "Failed":
        return
    error = dict(service.error or {})
    lines = str(error.get("message", "")).splitlines()
    if lines and set(lines) <= {*said, ""}:
        error["message"] = environments.SAID_ABOVE
    notes = [note for note in service.notes if note not in said]
    raise DeploymentFailed(
        "\n".join([f"Service {service.name!r} failed.", explained(error), *notes])
    )


def explained(error: Mapping[str, Any]) -> str:
    """An error of a revision as a person reads it: what, where, traceback, log, hint."""
    where = f" ({error['file']}, line {error['line']})" if error.get("file") else ""
    kind = f"{error['type']}: " if error.get("type") else ""
    lines = [f"{kind}{error.get('message', 'it did not come up')}{where}"]
    if error.get("traceback"):
        lines.append(str(error["traceback"]).rstrip())
    if log := _more_than(lines, error.get("log") or []):
        lines += ["The end of its log:", *(f"  {line}" for line in log[-20:])]
    if error.get("hint"):
        lines.append(f"Hint: {error['hint']}")
    return "\n".join(lines)


def _more_than(lines: list[str], log: Sequence[str]) -> list[str]:
    """The lines of a log that say more than what is told already."""
    known = {line.strip() for text in lines for line in text.splitlines()}
    return [
        line
        for line in log
        if line.strip() and line.strip() not in known and not line.endswith(" init() failed")
    ]


def show_build(
    client: Client, service: Service | Version, step: str, tell: Callable[[str], None]
) -> None:
    """Stream the log of the environment's build while that is what is waited for."""
    digest = wanted(service).get("recipe")
    if digest and "environment" in step:
        follow(client, service.workspace, str(digest), tell)


def _wanted(of: Service | Version) -> Revision | None:
    # each version counts its revisions by itself, and a service has those of all its versions
    version = of.name if isinstance(of, Version) else of.default_version
    for revision in of.revisions:
        if revision.number == of.wanted_revision and version in {revision.version, ""}:
            return revision
    return None
