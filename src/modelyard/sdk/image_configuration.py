"""What an image is made of: a script, its environment and the files it needs beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelyard.domain.errors import BadInput
from modelyard.sdk import folders, ignore
from modelyard.sdk.environments import Environment, definition_of
from modelyard.sdk.errors import WebserviceException, not_supported, raised_as
from modelyard.sdk.inference import Source, check_runtime, check_script, conda_definition
from modelyard.wire.environments import EnvironmentDefinition


class ContainerImageConfig:
    """
    What ``ContainerImage.image_configuration`` gives: a script, its environment and further files.

    Only the script and what ``dependencies`` lists are sent. Raises ``WebserviceException``.
    """

    def __init__(
        self,
        execution_script: str,
        runtime: str,
        conda_file: str | None = None,
        docker_file: str | None = None,
        schema_file: str | None = None,
        dependencies: Sequence[str] | None = None,
        enable_gpu: bool | None = None,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        base_image: str | None = None,
        base_image_registry: Any = None,
        allow_absolute_path: bool = False,
        cuda_version: str | None = None,
    ) -> None:
        del allow_absolute_path
        self.execution_script = str(execution_script)
        self.runtime = runtime
        self.conda_file = conda_file
        self.docker_file = docker_file
        self.schema_file = schema_file
        self.dependencies = [str(d) for d in dependencies or ()]
        self.enable_gpu = enable_gpu
        self.tags = tags
        self.properties = properties
        self.description = description
        self.base_image = base_image
        self.base_image_registry = base_image_registry
        self.cuda_version = cuda_version
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Raises ``WebserviceException`` for what cannot be deployed."""
        with raised_as(WebserviceException):
            check_runtime(str(self.runtime).lower())
            check_script(Path(self.execution_script), self.execution_script)
            if self.docker_file is not None:
                raise not_supported("docker_file", "Say the packages in a conda_file.")
            for name in ("conda_file", "schema_file"):
                value = getattr(self, name)
                if value is not None and not Path(value).is_file():
                    raise BadInput(f"There is no {name} {str(value)!r} (in {Path.cwd()}).")
            for dependency in self.dependencies:
                if not Path(dependency).exists():
                    raise BadInput(f"There is no file or folder {dependency!r} (dependencies).")

    def source(self) -> Source:
        """The script and the listed files, read anew."""
        script = Path(self.execution_script)
        files = {script.name: script}
        for name in (*self.dependencies, *([self.schema_file] if self.schema_file else [])):
            files.update(_placed(Path(name)))
        return Source(folders.bundle(files), script.name)

    def definition(self) -> EnvironmentDefinition:
        """The environment to build: the conda file as it is written."""
        if self.conda_file is None:
            return definition_of(Environment("default"))
        return conda_definition(Path(self.conda_file))

    def __repr__(self) -> str:
        return f"ContainerImageConfig(execution_script={self.execution_script!r})"


def _placed(path_: Path) -> dict[str, Path]:
    """The files of a dependency by their place beside the script: relative, else by name."""
    top = path_.name if path_.is_absolute() or ".." in path_.parts else path_.as_posix()
    if path_.is_file():
        return {top: path_}
    inside = folders.walk(path_, ignore.of_folder(path_, ".amlignore"))
    return {(f"{top}/{name}" if top != "." else name): file for name, file in inside}
