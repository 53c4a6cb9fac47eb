"""model: registered models."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.choose import WorkspaceOption, name_and_version, pairs, server, workspace
from modelyard.cli.output import Column, Json, Yes, confirm, remark, say, show, show_all
from modelyard.domain.errors import AlreadyExists
from modelyard.sdk.client import Client, path
from modelyard.sdk.downloads import download_files, manifest_of
from modelyard.sdk.folders import bundle_of
from modelyard.sdk.progress import human
from modelyard.sdk.samples import wired
from modelyard.sdk.transfer import upload
from modelyard.wire.models import Model, ModelRequest

app = typer.Typer(no_args_is_help=True, help="Registered models.")
Named = Annotated[str, typer.Argument(metavar="NAME[:VERSION]", help="The latest by default.")]
COLUMNS: list[Column] = [
    "id",
    ("size", lambda m: human(m.size)),
    ("framework", lambda m: " ".join(filter(None, (m.framework, m.framework_version)))),
    "created",
    "tags",
]
NONE = "No models. Register one: modelyard model register NAME PATH"


@app.command()
def register(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The model's name.")],
    files: Annotated[Path, typer.Argument(metavar="PATH", help="A file or a folder.")],
    ws: WorkspaceOption = None,
    tag: Annotated[list[str] | None, typer.Option(help="KEY=VALUE; may be repeated.")] = None,
    description: Annotated[str, typer.Option(help="A sentence about it.")] = "",
    framework: Annotated[str | None, typer.Option(help="ScikitLearn, Onnx, PyTorch …")] = None,
    framework_version: Annotated[str | None, typer.Option(help="Of the framework.")] = None,
    sample: Annotated[
        Path | None, typer.Option(help="A file of rows that it takes: .csv, .json, .npy …")
    ] = None,
    sample_output: Annotated[
        Path | None, typer.Option(help="A file of what it gives for them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Keep a file or folder as the next version of a model."""
    tags = pairs(tag)
    given, gives = (
        wired(sample, "--sample", remark),
        wired(sample_output, "--sample-output", remark),
    )
    client = server()
    target = path("workspaces", workspace(client, ws), "models")
    manifest = upload(client, bundle_of(files), f"Uploading {files}", show_output=not as_json)
    request = ModelRequest(
        name=name,
        manifest=manifest,
        description=description,
        tags=tags,
        framework=framework,
        framework_version=framework_version,
        sample_input=given,
        sample_output=gives,
    )
    show(client.send("POST", target, request, Model), as_json, [*COLUMNS, "description"])


@app.command("list")
def list_(
    ws: WorkspaceOption = None,
    name: Annotated[str | None, typer.Option(help="Versions of this model alone.")] = None,
    latest: Annotated[bool, typer.Option("--latest", help="The latest version of each.")] = False,
    as_json: Json = False,
) -> None:
    """List models, the newest first."""
    client = server()
    target = path("workspaces", workspace(client, ws), "models")
    models = client.items(target, Model, {"name": name, "latest": latest})
    show_all(models, as_json, COLUMNS, NONE)


@app.command("show")
def show_(model: Named, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """Show a model and what trained it."""
    client = server()
    show(
        find(client, workspace(client, ws), model),
        as_json,
        [*COLUMNS, "description", "properties", "run_id", "experiment", "created_by", "record"],
    )


@app.command()
def download(
    model: Named,
    to: Annotated[Path, typer.Option("--to", "-o", help="Folder.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    ws: WorkspaceOption = None,
) -> None:
    """Download the files of a model."""
    client = server()
    found = find(client, workspace(client, ws), model)
    manifest = manifest_of(client, found.manifest)
    tops = sorted({entry.path.split("/")[0] for entry in manifest.files})
    there = [top for top in tops if (to / top).exists()]
    if there and not force:
        raise AlreadyExists(f"{to / there[0]} exists already; --force replaces it.")
    download_files(client, manifest.files, to, f"Downloading {found.id}")
    for top in tops:
        say(str(to / top))


@app.command()
def delete(model: Named, ws: WorkspaceOption = None, yes: Yes = False) -> None:
    """Delete a version of a model."""
    client = server()
    found = find(client, workspace(client, ws), model)
    confirm(f"Delete model {found.id}?", yes=yes)
    client.tell(
        "DELETE",
        path("workspaces", found.workspace, "models", found.name, "versions", found.version),
    )
    say(f"Model {found.id} is deleted.")


def find(client: Client, ws: str, text: str) -> Model:
    """The model ``NAME`` (latest) or ``NAME:VERSION``."""
    name, version = name_and_version(text)
    base = ["workspaces", ws, "models", name]
    if version is not None:
        return client.get(path(*base, "versions", version), Model)
    return client.get(path(*base), Model)
