"""Scripts that are submitted: the server runs each in a process of its own."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

import modelyard
from modelyard.sdk import starting
from modelyard.sdk.environments import Environment, definition_of
from modelyard.sdk.errors import (
    ExperimentExecutionException,
    UserErrorException,
    not_supported,
    raised_as,
)
from modelyard.sdk.run_configuration import RunConfiguration, name_of
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.jobs import JobRequest

_OWN = "python"
"""What ``interpreter_path`` says when nobody has said anything: the caller's own Python."""


class ScriptRunConfig:
    """
    A script (or a command) with its folder, arguments and environment.

    Without an environment it runs with the caller's own Python, which the server must have.
    """

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
        max_run_duration_seconds: float | None = MAX_DURATION_SECONDS_DEFAULT,
        command: Any = None,
        docker_runtime_config: Any = None,
    ) -> None:
        self.run_config = run_config or RunConfiguration()
        self.source_directory = str(source_directory or ".")
        self.script = script or self.run_config.script
        self.arguments = [*(arguments or self.run_config.arguments)]
        self.command = command or self.run_config.command
        self.compute_target = name_of(compute_target or self.run_config.target)
        self.environment = environment or self.run_config.environment
        self.max_run_duration_seconds = (
            self.run_config.max_run_duration_seconds or max_run_duration_seconds
        )
        if distributed_job_config is not None:
            raise not_supported(
                "distributed_job_config", "One machine runs the script; start processes in it."
            )
        if resume_from is not None:
            raise not_supported("resume_from", "Let the script download what it goes on from.")
        self._check()

    def _check(self) -> None:
        if (self.script is None) == (self.command is None):
            raise UserErrorException("ScriptRunConfig needs either a script or a command.")
        folder = Path(self.source_directory)
        if not folder.is_dir():
            raise UserErrorException(
                f"There is no folder {self.source_directory!r} (in {Path.cwd()})."
            )
        if self.script is not None and not (folder / self.script).is_file():
            raise UserErrorException(
                f"There is no script {self.script!r} in {self.source_directory!r}."
            )

    def _submit(
        self,
        experiment: "modelyard.Experiment",
        tags: Mapping[str, str],
        parent: str | None = None,
    ) -> "modelyard.Run":
        """Send the folder and have the script run; returns at once."""
        client = experiment.workspace.service_context
        with raised_as(ExperimentExecutionException):
            source = starting.snapshot(client, self.source_directory)
            job = self._job(str(source))
            for note in self._notes(job.environment):
                print(note)
            facts = starting.start(
                experiment, parent=parent, snapshot=source, status="NotStarted",
                target=self.compute_target, tags=dict(tags), definition=self._definition(job),
            )  # fmt: skip
        return modelyard.Run(experiment, facts.id, _found=facts)

    def _job(self, source: str) -> JobRequest:
        return JobRequest(
            source=source,
            environment=own_python(definition_of(self.environment)),
            script=self.script,
            command=None if self.command is None else _line(self.command),
            arguments=[str(argument) for argument in self.arguments],
            timeout=self.max_run_duration_seconds or None,
        )

    def _definition(self, job: JobRequest) -> dict[str, Any]:
        """What ``get_details()['runDefinition']`` says, under Azure's keys, and the job."""
        environment = job.environment
        return {
            "script": self.script,
            "command": job.command or "",
            "arguments": job.arguments,
            "target": self.compute_target,
            "framework": self.run_config.framework,
            "communicator": self.run_config.communicator,
            "nodeCount": self.run_config.node_count,
            "maxRunDurationSeconds": self.max_run_duration_seconds,
            "environment": {"name": environment.name, "version": self.environment.version},
            "environmentVariables": environment.variables,
            "job": msgspec.to_builtins(job),
        }

    def _notes(self, definition: EnvironmentDefinition) -> list[str]:
        notes = []
        if self.compute_target != "local":
            notes.append(
                f"Compute target {self.compute_target!r} is noted; the script runs on the "
                "server's machine."
            )
        if self.run_config.node_count > 1:
            notes.append(f"node_count={self.run_config.node_count} is noted; there is one node.")
        if definition.user_managed:
            notes.append(
                f"The script runs with {definition.interpreter} as it is; give an environment "
                "to have one built."
            )
        return notes

    def __repr__(self) -> str:
        what = self.script or self.command
        return f"ScriptRunConfig({self.source_directory!r}, {what!r})"


def own_python(definition: EnvironmentDefinition) -> EnvironmentDefinition:
    """The definition; one of which nothing is said, or that the user manages, by its Python."""
    nothing = Environment(definition.name).definition()
    said = msgspec.structs.replace(definition, variables={}, docker=nothing.docker)
    if said == nothing or (definition.user_managed and definition.interpreter == _OWN):
        return msgspec.structs.replace(definition, user_managed=True, interpreter=sys.executable)
    return definition


def _line(command: Any) -> str:
    if isinstance(command, str):
        return command
    return " ".join(str(part) for part in command)
