"""run: runs of experiments, their metrics and files."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli import jobs
from modelyard.cli.choose import WorkspaceOption, server, workspace
from modelyard.cli.output import Json, say, show, show_all
from modelyard.domain.errors import NotFound
from modelyard.sdk.client import path
from modelyard.sdk.downloads import download_blob
from modelyard.wire.base import Page
from modelyard.wire.runs import Metric, Run, RunFile

Id = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]
app = typer.Typer(no_args_is_help=True, help="Runs, their metrics and files.")
app.command(context_settings=jobs.SUBMIT)(jobs.submit)
app.command()(jobs.logs)
app.command()(jobs.wait)
app.command()(jobs.cancel)


@app.command("list")
def list_(
    ws: WorkspaceOption = None,
    experiment: Annotated[
        str | None, typer.Option("--experiment", "-e", help="Of this one alone.")
    ] = None,
    status: Annotated[str | None, typer.Option(help="Completed, Failed, Running …")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 50,
    as_json: Json = False,
) -> None:
    """List runs, the newest first."""
    client = server()
    target = path("workspaces", workspace(client, ws), "runs")
    query = {"experiment": experiment, "status": status, "limit": limit}
    runs = client.get(target, Page[Run], query).items
    columns = ["id", "experiment", "number", "status", "created", "ended"]
    show_all(runs, as_json, columns, "No runs.")


@app.command("show")
def show_(id: Id, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """Show a run."""
    client = server()
    run = client.get(path("workspaces", workspace(client, ws), "runs", id), Run)
    columns = ["id", "experiment", "number", "status", "created", "started", "ended", "tags",
               "properties", "error"]  # fmt: skip
    show(run, as_json, columns)


@app.command()
def metrics(id: Id, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """List what a run logged."""
    client = server()
    target = path("workspaces", workspace(client, ws), "runs", id, "metrics")
    columns = ["name", "kind", "step", "value", "logged"]
    show_all(client.items(target, Metric), as_json, columns, "No metrics.")


@app.command()
def files(id: Id, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """List the files of a run."""
    client = server()
    target = path("workspaces", workspace(client, ws), "runs", id, "files")
    show_all(client.items(target, RunFile), as_json, ["path", "size", "sha256"], "No files.")


@app.command()
def download(
    id: Id,
    file: Annotated[str | None, typer.Argument(help="One file; all without it.")] = None,
    to: Annotated[Path, typer.Option("--to", "-o", help="Folder.")] = Path(),
    ws: WorkspaceOption = None,
) -> None:
    """Download files of a run."""
    client = server()
    target = path("workspaces", workspace(client, ws), "runs", id, "files")
    wanted = [f for f in client.items(target, RunFile) if file in {None, f.path}]
    if not wanted:
        raise NotFound(f"Run {id!r} has no file {file!r}; 'modelyard run files {id}' lists them.")
    for entry in wanted:
        download_blob(client, entry.sha256, to / entry.path)
        say(str(to / entry.path))
