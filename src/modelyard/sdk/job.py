"""``python -m modelyard.sdk.job WORKSPACE RUN``: run a submitted script and report on it."""

import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

import modelyard
from modelyard import settings
from modelyard.domain.errors import ModelyardError
from modelyard.sdk import downloads
from modelyard.sdk.output_watch import OutputWatch
from modelyard.wire.runs import RunChange

_LOG = "user_logs/std_log.txt"
_EVERY = 1.0


def main(workspace_name: str, run_id: str) -> int:
    """The script's exit code; the run says how it went."""
    workspace = modelyard.Workspace.get(workspace_name)
    run = modelyard.Run.get(workspace, run_id)
    client = workspace.service_context
    with tempfile.TemporaryDirectory(prefix="modelyard-job-") as name:
        folder = Path(name)
        manifest = downloads.manifest_of(client, run.get_snapshot_id())
        downloads.download_files(client, manifest.files, folder, "Fetching the snapshot")
        for made in ("outputs", "logs", "user_logs"):
            (folder / made).mkdir(exist_ok=True)
        watch = OutputWatch(folder, ("outputs", "logs", "user_logs"), run._put)
        run._change(RunChange(status="Running"))
        try:
            code = _execute(run, folder, watch)
        finally:
            watch.close()
        _report(run, code, (folder / _LOG).read_text(errors="replace"))
    return code


def _execute(run: "modelyard.Run", folder: Path, watch: OutputWatch) -> int:
    definition = run.get_details()["runDefinition"]
    command = [sys.executable, "-m", "modelyard.azureml", definition["script"],
               *definition["arguments"]]  # fmt: skip
    with (folder / _LOG).open("wb") as log:
        script = _start(run, folder, command, log)
        pause = threading.Event()
        while script.poll() is None:
            pause.wait(_EVERY)
            try:
                watch.collect()
                if run.get_status() == "CancelRequested":
                    script.terminate()
            except ModelyardError:
                continue  # the server is away: the script goes on, the next look sends it
    watch.collect()
    return script.returncode


def _start(
    run: "modelyard.Run", folder: Path, command: list[str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    environment = {
        **settings.child_environment(),
        "AZUREML_RUN_ID": run.id,
        "AZUREML_ARM_WORKSPACE_NAME": run.experiment.workspace.name,
        "AZUREML_ARM_PROJECT_NAME": run.experiment.name,
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(  # noqa: S603 - the user's own script
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
    )


def _report(run: "modelyard.Run", code: int, log: str) -> None:
    status = run.get_status()
    if status in {"Completed", "Failed", "Canceled"}:
        return  # the script has said so itself
    if status == "CancelRequested":
        run._change(RunChange(status="Canceled"))
    elif code == 0:
        run.complete()
    else:
        last = "\n".join(log.rstrip().splitlines()[-20:])
        run.fail(f"The script ended with code {code}.\n{last}", error_code="ScriptFailed")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
