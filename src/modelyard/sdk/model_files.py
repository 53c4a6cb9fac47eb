"""Finding models, in the workspace and in folders, and fetching their files."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import modelyard
from modelyard import settings
from modelyard.domain.errors import AlreadyExists, BadInput
from modelyard.domain.names import check_name
from modelyard.sdk import downloads
from modelyard.sdk.client import Client, path
from modelyard.sdk.errors import ModelNotFoundException, UserErrorException
from modelyard.sdk.workspaces import wanted
from modelyard.wire.models import Model

CACHE = "azureml-models"


def listed(
    client: Client,
    workspace: str,
    *,
    name: str | None = None,
    run_id: str | None = None,
    framework: str | None = None,
    latest: bool = False,
) -> Iterator[Model]:
    """Models of the workspace that fit, newest first."""
    query = {"name": name, "run_id": run_id, "framework": framework, "latest": latest or None}
    return client.items(path("workspaces", workspace, "models"), Model, query)


def find(
    client: Client,
    workspace: str,
    *,
    name: str | None,
    id: str | None,
    tags: Any,
    properties: Any,
    version: int | str | None,
    run_id: str | None,
    framework: str | None,
) -> Model:
    """The newest model that fits. Raises ``ModelNotFoundException``."""
    if id is not None:
        name, _, text = id.partition(":")
        version = text or version
    if name is None and run_id is None and not tags and not properties and framework is None:
        raise BadInput("Model(workspace, …) needs a name, an id or another filter.")
    if name is not None:
        check_name("model", name)
    number = None if version is None else version_number(version)
    for model in listed(client, workspace, name=name, run_id=run_id, framework=framework):
        fits = number in {None, model.version}
        if fits and wanted(model.tags, tags) and wanted(model.properties, properties):
            return model
    said = ", ".join(
        f"{k}={v!r}"
        for k, v in (("name", name), ("version", number), ("tags", tags), ("run_id", run_id),
                     ("properties", properties), ("model_framework", framework))
        if v is not None
    )  # fmt: skip
    raise ModelNotFoundException(
        f"ModelNotFound: there is no model with {said} in workspace {workspace!r}. "
        "Model.list(workspace) shows what is there."
    )


def version_number(version: int | str) -> int:
    """The version as a number. Raises ``BadInput``."""
    if isinstance(version, bool) or not str(version).isdecimal():
        raise BadInput(f"The version of a model must be a whole number, not {version!r}.")
    return int(version)


def cache_of(name: str, version: int) -> Path:
    """Where a fetched model lies below the working folder."""
    return Path(CACHE) / name / str(version)


def cached(name: str, version: int | None) -> Path | None:
    """The path of a model that lies here already, or None."""
    if not isinstance(name, str) or not name:
        raise UserErrorException(f"The name of a model must be text, not {name!r}.")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise UserErrorException(f"version must be an int, not {version!r}.")
    folder = Path(CACHE) / name
    versions = [int(p.name) for p in folder.glob("*") if p.name.isdecimal()]
    chosen = [v for v in sorted(versions) if version in {None, v}]
    if chosen:
        return _only_entry(folder / str(chosen[-1]), name)
    beside = Path(name)
    return beside if version is None and beside.exists() else None


def _only_entry(folder: Path, name: str) -> Path:
    entries = [p for p in folder.iterdir() if not p.name.endswith(".part")]
    if len(entries) != 1:
        raise ModelNotFoundException(
            f"Model {name!r}: {folder} must hold exactly one file or folder, "
            f"it holds {len(entries)}. Remove the folder to have it fetched again."
        )
    return entries[0]


def default_workspace(model_name: str) -> "modelyard.Workspace":
    """The run's workspace, else the configured one. Raises ``ModelNotFoundException``."""
    job = settings.read_job()
    if job is not None:
        return modelyard.Workspace.get(job.workspace)
    try:
        return modelyard.Workspace.from_config()
    except UserErrorException as error:
        raise ModelNotFoundException(
            f"Model {model_name!r} is neither in ./{CACHE}/{model_name} nor at ./{model_name}, "
            "and no workspace is configured to fetch it from. Write the workspace's "
            "configuration here with ws.write_config(), or use "
            "Model(ws, name=...).download()."
        ) from error


def download(client: Client, model: Model, folder: Path, *, replace: bool) -> Path:
    """
    Lay the model out below ``folder``, whole or not at all; the path of its file or folder.

    Raises ``AlreadyExists`` when something is there, unless it may be replaced.
    """
    manifest = downloads.manifest_of(client, model.manifest)
    tops = sorted({f.path.split("/", 1)[0] for f in manifest.files})
    for top in tops:
        if (folder / top).exists() and not replace:
            raise AlreadyExists(
                f"{str(folder / top)!r} is there already; pass exist_ok=True to replace it."
            )
    # the same folder each time, so that an interrupted download is gone on with
    part = folder / f".{manifest.digest[:16]}.part"
    part.mkdir(parents=True, exist_ok=True)
    with _alone(part):
        downloads.download_files(client, manifest.files, part, f"Fetching {model.id}")
        for top in tops:
            _move(part / top, folder / top)
    shutil.rmtree(part, ignore_errors=True)
    return folder / tops[0] if len(tops) == 1 else folder


def addresses(client: Client, manifest: str) -> dict[str, str]:
    """The address of each file."""
    files = downloads.manifest_of(client, manifest).files
    return {f.path: f"{client.url}/api/v1{path('blobs', f.sha256)}" for f in files}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes that fetch the same model waiting."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir(exist_ok=True)
        yield
    finally:
        os.close(lock)


def _move(source: Path, target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    source.replace(target)
