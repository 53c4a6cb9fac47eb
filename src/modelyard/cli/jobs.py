"""run submit, logs, wait, cancel: scripts that the server runs."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from modelyard.cli import environments
from modelyard.cli.choose import WorkspaceOption, pairs, server, workspace
from modelyard.cli.output import Json, remark, say, show
from modelyard.domain.errors import BadInput, ModelyardError
from modelyard.domain.runs import RunStatus
from modelyard.sdk import starting
from modelyard.sdk.client import Client, path
from modelyard.sdk.run_logs import RunLog
from modelyard.sdk.script_runs import own_python
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.jobs import JobRequest
from modelyard.wire.runs import Run, RunChange, RunRequest

POLL = 0.5
"""Seconds between two looks at a run."""

Id = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]
COLUMNS = ["id", "experiment", "number", "status", "created", "started", "ended", "error"]

# what follows SCRIPT belongs to the script, options too
SUBMIT = {"allow_interspersed_args": False, "ignore_unknown_options": True}


def submit(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT", help="A Python file.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[ARGUMENT]...", help="For the script.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--source", exists=True, file_okay=False, help="Its folder; all of it is sent."
        ),
    ] = None,
    experiment: Annotated[str, typer.Option("--experiment", "-e", help="Its name.")] = "jobs",
    environment: Annotated[
        str | None, typer.Option(metavar="NAME[:VERSION]", help="A registered environment.")
    ] = None,
    conda: environments.Conda = None,
    requirements: environments.Requirements = None,
    pip: environments.Pip = None,
    python: environments.Python = None,
    variable: Annotated[list[str] | None, typer.Option(help="KEY=VALUE")] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Show its log and wait for its end.")
    ] = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Have the server run a script. Prints the run's id; --wait follows it."""
    folder, name = placed(script, source)
    client = server()
    chosen = workspace(client, ws)
    definition = _definition(client, chosen, environment, conda, requirements, pip, python)
    job = JobRequest(
        source=str(starting.snapshot(client, folder)),
        environment=definition,
        script=name,
        arguments=arguments or [],
        variables=pairs(variable),
    )
    request = RunRequest(
        experiment=experiment, status="NotStarted", snapshot=job.source,
        definition={"script": name, "arguments": job.arguments, "target": "local",
                    "environment": {"name": definition.name}, "job": msgspec.to_builtins(job)},
    )  # fmt: skip
    run = client.send("POST", path("workspaces", chosen, "runs"), request, Run)
    if wait:
        remark(f"Run {run.id}")
        run = followed(client, chosen, run)
    if as_json:
        show(run, True, COLUMNS)
    elif not wait:
        say(run.id)
        remark(f"Follow it: modelyard run logs {run.id} -f -w {chosen}")
    if wait:
        ended_well(run)


def logs(
    id: Id,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Until its end.")] = False,
    ws: WorkspaceOption = None,
) -> None:
    """Show what a job has printed."""
    client = server()
    chosen = workspace(client, ws)
    run = client.get(path("workspaces", chosen, "runs", id), Run)
    if follow:
        followed(client, chosen, run)
    else:
        _print(RunLog(client, chosen, run).more(run.status))


def wait(id: Id, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """Wait for the end of a run; the exit code says whether it completed."""
    client = server()
    chosen = workspace(client, ws)
    run = _ended(client, chosen, id)
    show(run, as_json, COLUMNS)
    ended_well(run)


def cancel(id: Id, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """Cancel a run; a job's script is ended first."""
    client = server()
    target = path("workspaces", workspace(client, ws), "runs", id)
    run = client.send("PATCH", target, RunChange(status=RunStatus.CANCELED.value), Run)
    show(run, as_json, ["id", "status"])


def placed(script: Path, source: Path | None) -> tuple[Path, str]:
    """The folder to send, and the script's place in it. Raises ``BadInput``."""
    folder = source or script.parent
    for candidate in (folder / script if source else script, script):
        if candidate.is_file() and candidate.resolve().is_relative_to(folder.resolve()):
            return folder, candidate.resolve().relative_to(folder.resolve()).as_posix()
    raise BadInput(f"There is no script {str(script)!r} in {str(folder)!r}.")


def followed(client: Client, workspace_: str, run: Run) -> Run:
    """The run when it has ended; its log is printed as it grows."""
    log = RunLog(client, workspace_, run)
    while True:
        # asked before the log, so that nothing printed before the end is missed
        run = client.get(path("workspaces", workspace_, "runs", run.id), Run)
        _print(log.more(run.status))
        if RunStatus(run.status).terminal:
            return run
        time.sleep(POLL)  # noqa: TID251 - polls a server


def ended_well(run: Run) -> None:
    """Raises ``ModelyardError`` when it did not complete."""
    if run.status != RunStatus.COMPLETED:
        error: Any = (run.error or {}).get("error", {})
        why = str(error.get("message") or "").strip() if isinstance(error, dict) else str(error)
        raise ModelyardError(f"Run {run.id} ended as {run.status}. {why}".rstrip())


def _ended(client: Client, workspace_: str, id: str) -> Run:
    while True:
        run = client.get(path("workspaces", workspace_, "runs", id), Run)
        if RunStatus(run.status).terminal:
            return run
        time.sleep(POLL)  # noqa: TID251 - polls a server


def _definition(
    client: Client,
    workspace_: str,
    name: str | None,
    conda: Path | None,
    requirements: Path | None,
    pip: list[str] | None,
    python: str | None,
) -> EnvironmentDefinition:
    described = bool(conda or requirements or pip or python)
    if name is not None:
        if described:
            raise BadInput("--environment names a registered one: leave out its description.")
        return environments.find(client, workspace_, name).definition
    if described:
        return environments.definition("job", conda, requirements, pip, python)
    remark(f"The script runs with {sys.executable}; --pip, --conda or --environment build one.")
    nothing = EnvironmentDefinition(name="own-python", user_managed=True, interpreter="python")
    return own_python(nothing)


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
