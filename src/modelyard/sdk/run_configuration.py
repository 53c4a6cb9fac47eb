"""How a script runs: its environment, variables and limits."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from modelyard.sdk.conda_dependencies import CondaDependencies
from modelyard.sdk.environments import Environment
from modelyard.sdk.errors import UserErrorException, raised_as
from modelyard.wire.environments import EnvironmentDefinition

FOLDER = ".azureml"
_KEPT = ("script", "arguments", "framework", "communicator", "command", "target", "node_count",
         "max_run_duration_seconds")  # fmt: skip


class RunConfiguration:
    """
    What ``ScriptRunConfig`` runs a script with.

    Every target is the server's machine; its name is kept and shown. An environment of which
    nothing is said means the caller's own Python.
    """

    def __init__(
        self,
        script: str | None = None,
        arguments: Sequence[Any] | None = None,
        framework: str | None = None,
        communicator: str | None = None,
        conda_dependencies: CondaDependencies | None = None,
        _history_enabled: bool | None = None,
        _path: str | None = None,
        _name: str | None = None,
        command: Any = None,
    ) -> None:
        self.script = script
        self.arguments = [*(arguments or ())]
        self.framework = framework or "Python"
        self.communicator = communicator or "None"
        self.command = command
        self.node_count = 1
        self.max_run_duration_seconds: float | None = None
        self.environment = Environment("project")
        self.auto_prepare_environment = True
        self._target = "local"
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies

    @property
    def target(self) -> str:
        """The name of a compute target."""
        return self._target

    @target.setter
    def target(self, target: Any) -> None:
        self._target = name_of(target)

    @property
    def environment_variables(self) -> dict[str, str]:
        """Variables that the script sees."""
        return self.environment.environment_variables

    @environment_variables.setter
    def environment_variables(self, value: dict[str, str]) -> None:
        self.environment.environment_variables = value

    def save(
        self,
        path: str | None = None,
        name: str | None = None,
        separate_environment_yaml: bool = False,
    ) -> None:
        """Write ``.azureml/NAME.runconfig`` below ``path``, or the file that ``path`` names."""
        file = _file(path, name)
        document = {key: getattr(self, key) for key in _KEPT}
        document["environment"] = msgspec.to_builtins(self.environment.definition())
        file.parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML, too: what reads Azure's files reads this one
        file.write_text(json.dumps(document, indent=1), encoding="utf-8")

    @staticmethod
    def load(path: str, name: str | None = None) -> "RunConfiguration":
        """What ``save`` wrote. Raises ``UserErrorException``."""
        file = _file(path, name)
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            definition = msgspec.convert(document.pop("environment"), EnvironmentDefinition)
        except FileNotFoundError as error:
            raise UserErrorException(f"There is no run configuration {str(file)!r}.") from error
        except (ValueError, KeyError, AttributeError) as error:
            raise UserErrorException(
                f"{str(file)!r} was not written by Modelyard's RunConfiguration.save() ({error}). "
                "Make the configuration in the script instead."
            ) from error
        made = RunConfiguration()
        for key in _KEPT:
            setattr(made, key, document.get(key, getattr(made, key)))
        with raised_as(UserErrorException):
            made.environment = Environment._from_definition(definition)
        return made

    @staticmethod
    def delete(path: str, name: str | None = None) -> None:
        """Remove the file. Raises ``UserErrorException`` when there is none."""
        file = _file(path, name)
        try:
            file.unlink()
        except FileNotFoundError as error:
            raise UserErrorException(f"There is no run configuration {str(file)!r}.") from error

    def __repr__(self) -> str:
        return f"RunConfiguration(script={self.script!r}, target={self.target!r})"


def name_of(target: Any) -> str:
    """The name of a compute target, given as such or as an object."""
    return str(getattr(target, "name", target) or "local")


def _file(path: str | None, name: str | None) -> Path:
    root = Path(path or ".")
    if name is None and root.suffix == ".runconfig":
        return root
    return root / FOLDER / f"{name or 'default'}.runconfig"
