"""Scripts that are submitted: run on this machine, each in a process of its own."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import modelyard
from modelyard import settings
from modelyard.sdk import run_files, starting, transfer
from modelyard.sdk.conda_dependencies import CondaDependencies
from modelyard.sdk.environments import Environment
from modelyard.sdk.errors import ExperimentExecutionException, UserErrorException, raised_as


class RunConfiguration:
    """How a script runs: its environment and variables. The target is always this machine."""

    def __init__(
        self,
        script: str | None = None,
        arguments: Sequence[Any] | None = None,
        framework: str | None = None,
        communicator: str | None = None,
        conda_dependencies: CondaDependencies | None = None,
        command: Any = None,
        **_: Any,
    ) -> None:
        self.script = script
        self.arguments = [*(arguments or ())]
        self.framework = framework or "Python"
        self.communicator = communicator or "None"
        self.command = command
        self.target: Any = "local"
        self.environment = Environment("project")
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies

    @property
    def environment_variables(self) -> dict[str, str]:
        """Variables that the script sees."""
        return self.environment.environment_variables

    @environment_variables.setter
    def environment_variables(self, value: dict[str, str]) -> None:
        self.environment.environment_variables = value


class ScriptRunConfig:
    """A script with its folder and arguments. It runs with the caller's own Python."""

    MAX_DURATION_SECONDS_DEFAULT = 2592000

    def __init__(
        self,
        source_directory: str,
        script: str | None = None,
        arguments: Sequence[Any] | None = None,
        run_config: RunConfiguration | None = None,
        _telemetry_values: Any = None,
        compute_target: Any = None,
        environment: Environment | None = None,
        distributed_job_config: Any = None,
        resume_from: Any = None,
        max_run_duration_seconds: int | None = MAX_DURATION_SECONDS_DEFAULT,
        command: Any = None,
        docker_runtime_config: Any = None,
    ) -> None:
        self.run_config = run_config or RunConfiguration()
        self.source_directory = str(source_directory)
        self.script = script or self.run_config.script
        self.arguments = [*(arguments or self.run_config.arguments)]
        self.command = command
        self.compute_target = compute_target
        self.environment = environment or self.run_config.environment
        self.max_run_duration_seconds = max_run_duration_seconds
        if not self.script or command is not None:
            raise UserErrorException("ScriptRunConfig needs a script; commands are not there.")
        if not (Path(self.source_directory) / self.script).is_file():
            raise UserErrorException(
                f"There is no script {self.script!r} in {self.source_directory!r}."
            )

    def _submit(
        self,
        experiment: "modelyard.Experiment",
        tags: Mapping[str, str],
        parent: str | None = None,
    ) -> "modelyard.Run":
        """Send the folder, start the script; returns at once."""
        workspace = experiment.workspace
        client = workspace.service_context
        with raised_as(ExperimentExecutionException):
            bundle = run_files.snapshot_of(Path(self.source_directory))
            snapshot = transfer.upload(client, bundle, "Uploading the snapshot")
            definition = {"script": self.script, "arguments": [str(a) for a in self.arguments],
                          "submitted": True, "target": "local"}  # fmt: skip
            facts = starting.start(
                experiment, parent=parent, snapshot=snapshot, status="Starting",
                tags=dict(tags), definition=definition,
            )  # fmt: skip
            _spawn(client.url, client.token, workspace.name, facts.id, self._variables())
        return modelyard.Run(experiment, facts.id, _found=facts)

    def _variables(self) -> dict[str, str]:
        return {str(k): str(v) for k, v in self.environment.environment_variables.items()}


def _spawn(
    url: str, token: str | None, workspace: str, run_id: str, variables: Mapping[str, str]
) -> None:
    environment = {
        **settings.child_environment(),
        **variables,
        "MODELYARD_URL": url,
        **({"MODELYARD_TOKEN": token} if token else {}),
    }
    started = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "modelyard.sdk.job", workspace, run_id],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    # it goes on when this process ends; nobody waits for it here
    started.returncode = 0
