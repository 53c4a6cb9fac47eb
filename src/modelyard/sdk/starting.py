"""Starting a run: its folders, its snapshot, its record on the server."""

from pathlib import Path
from typing import Any

import modelyard
from modelyard.domain.errors import Conflict
from modelyard.sdk import run_files, transfer
from modelyard.sdk.client import Client, path
from modelyard.sdk.workspaces import user_name
from modelyard.wire import runs as wire

_TRIES = 3


def output_folders(outputs: Any) -> list[str]:
    """The folders to collect, the first one made here; none with ``outputs=False``."""
    if outputs is False or outputs is None:
        return []
    folder = str(outputs) if isinstance(outputs, str | Path) else "outputs"
    Path(folder).mkdir(parents=True, exist_ok=True)
    return [folder, "logs"]


def snapshot(client: Client, folder: Any) -> str | None:
    """The digest of a snapshot of the folder, sent; None without one."""
    if folder is None or folder is False:
        return None
    for left in reversed(range(_TRIES)):
        bundle = run_files.snapshot_of(Path(folder))
        try:
            return transfer.upload(client, bundle, "Uploading the snapshot")
        except Conflict:
            # something in the folder is being written, such as a log: look again
            if not left:
                raise
    return None


def start(
    experiment: "modelyard.Experiment",
    *,
    run_id: str | None = None,
    name: str | None = None,
    parent: str | None = None,
    snapshot: str | None = None,
    status: str = "Running",
    type: str = "azureml.scriptrun",
    target: str = "local",
    tags: dict[str, str] | None = None,
    definition: dict[str, Any] | None = None,
) -> wire.Run:
    """The new run, as the server keeps it."""
    workspace = experiment.workspace
    request = wire.RunRequest(
        experiment=experiment.name, id=run_id, name=name, parent=parent, snapshot=snapshot,
        status=status, type=type, target=target, tags=tags or {}, definition=definition or {},
        submitted_by=user_name(),
    )  # fmt: skip
    target = path("workspaces", workspace.name, "runs")
    return workspace.service_context.send("POST", target, request, wire.Run)
