"""Environments."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

import modelyard
from modelyard.domain.errors import BadInput, BadName
from modelyard.domain.names import check_name
from modelyard.sdk import environment_files as files
from modelyard.sdk.client import path
from modelyard.sdk.conda_dependencies import PYTHON_DEFAULT_VERSION, CondaDependencies
from modelyard.sdk.environment_sections import DockerSection, PythonSection, SparkSection
from modelyard.sdk.errors import UserErrorException, not_supported, raised_as
from modelyard.sdk.image_builds import ImageBuildDetails
from modelyard.sdk.workspaces import texts
from modelyard.wire import environments as wire


class Environment:
    """Packages, Python version and variables under a name; registered, it has versions."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        with raised_as(UserErrorException):
            self.name = _checked(name)
        self.version: str | None = None
        self.python = PythonSection()
        self.docker = DockerSection()
        self.spark = SparkSection()
        self.environment_variables: dict[str, str] = {}
        self.inferencing_stack_version: str | None = None
        for key, value in kwargs.items():
            setattr(self, key, value)

    # --- registered ones

    def register(self, workspace: "modelyard.Workspace", name: str | None = None) -> "Environment":
        """
        Keep it as the next version; the same content is the same version.

        ``name`` registers it under another name; Azure's has no such parameter, but scripts in
        print say so.
        """
        named = self if name is None or name == self.name else self.clone(name)
        with raised_as(UserErrorException):
            found = workspace.service_context.send(
                "POST", path("workspaces", workspace.name, "environments"),
                named.definition(), wire.Environment,
            )  # fmt: skip
        self.version = str(found.version) if named is self else self.version
        return Environment._of(found)

    @staticmethod
    def get(
        workspace: "modelyard.Workspace",
        name: str,
        version: str | int | None = None,
        label: str | None = None,
    ) -> "Environment":
        """A registered environment; the latest version unless one is given."""
        if label is not None and label != "latest":
            raise not_supported("A label of an environment", "Give its version.")
        base = ["workspaces", workspace.name, "environments", name]
        with raised_as(UserErrorException):
            target = path(*base) if version is None else path(*base, "versions", version)
            return Environment._of(workspace.service_context.get(target, wire.Environment))

    @staticmethod
    def list(workspace: "modelyard.Workspace") -> "dict[str, Environment]":
        """The latest version of each, by name."""
        with raised_as(UserErrorException):
            found = workspace.service_context.items(
                path("workspaces", workspace.name, "environments"), wire.Environment
            )
            return {e.name: Environment._of(e) for e in found}

    @staticmethod
    def label(workspace: Any, name: str, version: str, labels: Any) -> None:
        raise not_supported("Environment.label", "Give the version where it is used.")

    def clone(self, new_name: str) -> "Environment":
        """A copy under another name, not registered."""
        copied = copy.deepcopy(self)
        with raised_as(UserErrorException):
            copied.name = _checked(new_name)
        copied.version = None
        return copied

    # --- building

    def build(
        self, workspace: "modelyard.Workspace", image_build_compute: Any = None
    ) -> ImageBuildDetails:
        """Ask for its build; returns at once. What is built already is not built again."""
        del image_build_compute
        self._check_buildable()
        client = workspace.service_context
        request = wire.BuildRequest(definition=self.definition())
        with raised_as(UserErrorException):
            target = path("workspaces", workspace.name, "builds")
            return ImageBuildDetails(
                client, workspace.name, client.send("POST", target, request, wire.Build)
            )

    def build_local(
        self, workspace: "modelyard.Workspace", platform: Any = None, **_: Any
    ) -> ImageBuildDetails:
        """Build it and wait, showing the log."""
        return self.build(workspace).wait_for_completion(show_output=True)

    def get_image_details(self, workspace: "modelyard.Workspace") -> dict[str, Any]:
        """What is known of its build."""
        build = self.build(workspace).build
        return {
            "name": self.name,
            "version": self.version,
            "digest": build.digest,
            "state": build.state,
            "python": build.python,
            "requirements": build.requirements,
            "packages": build.packages,
        }

    def definition(self) -> wire.EnvironmentDefinition:
        """What is sent to the server."""
        conda = self.python.conda_dependencies
        managed = bool(self.python.user_managed_dependencies)
        return wire.EnvironmentDefinition(
            name=self.name,
            python_version=conda.get_python_version() or PYTHON_DEFAULT_VERSION,
            conda_packages=conda.conda_packages,
            pip_packages=conda.pip_packages,
            conda_channels=conda.conda_channels,
            pip_options=conda.pip_options,
            variables=texts(self.environment_variables),
            docker=self.docker.said(),
            user_managed=managed,
            interpreter=self.python.interpreter_path if managed else None,
        )

    def _check_buildable(self) -> None:
        """Raises ``NotSupportedException`` for what only a container engine could build."""
        if self.docker.base_dockerfile or self.docker.build_context:
            raise not_supported(
                f"Building environment {self.name!r} from a Dockerfile",
                "Say its packages with CondaDependencies instead.",
            )
        if self.docker.base_image and self.python.user_managed_dependencies:
            raise not_supported(
                f"Environment {self.name!r}, which is a ready-made container image,",
                "Say its packages with CondaDependencies instead.",
            )

    # --- from files and to files

    @staticmethod
    def from_conda_specification(name: str, file_path: str | Path) -> "Environment":
        """What a conda file says."""
        made = Environment(name)
        made.python.conda_dependencies_file = str(file_path)
        return made

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: str | Path, pip_version: str | None = None
    ) -> "Environment":
        """What a requirements file says, files it includes too."""
        made = Environment(name)
        with raised_as(UserErrorException):
            lines = files.requirements(Path(file_path))
        conda = CondaDependencies.create(pip_packages=[])
        conda.set_pip_requirements(lines)
        if pip_version is not None:
            conda.add_conda_package(f"pip={pip_version}")
        made.python.conda_dependencies = conda
        return made

    @staticmethod
    def from_existing_conda_environment(
        name: str, conda_environment_name: str
    ) -> "Environment | None":
        """What ``conda env export`` says of an environment; None when it says nothing."""
        with raised_as(UserErrorException):
            text = files.conda_export(conda_environment_name)
            if text is None:
                return None
            document = files.specification(text, conda_environment_name)
        made = Environment(name)
        made.python.conda_dependencies = CondaDependencies(_underlying_structure=document)
        return made

    @staticmethod
    def from_dockerfile(
        name: str, dockerfile: str, conda_specification: Any = None, pip_requirements: Any = None
    ) -> "Environment":
        """Keeps the Dockerfile's text; it cannot be built here."""
        made = _with_packages(name, conda_specification, pip_requirements)
        made.docker.base_dockerfile = files.text_or_file(str(dockerfile))
        return made

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: Any = None,
        conda_specification: Any = None,
        pip_requirements: Any = None,
    ) -> "Environment":
        """Keeps the image's name; built from the packages, where some are given."""
        made = _with_packages(name, conda_specification, pip_requirements)
        made.docker.base_image = image
        made.docker.base_image_registry = container_registry
        return made

    @staticmethod
    def from_docker_build_context(name: str, docker_build_context: Any) -> "Environment":
        """Keeps the context; it cannot be built here."""
        made = _with_packages(name, None, None)
        made.docker.build_context = docker_build_context
        return made

    @staticmethod
    def add_private_pip_wheel(
        workspace: Any, file_path: str | Path, exist_ok: bool = False
    ) -> str:
        """The wheel's address for ``add_pip_package``: a file of this machine."""
        file = Path(file_path).resolve()
        if not file.is_file() or file.suffix != ".whl":
            raise UserErrorException(f"There is no wheel {str(file_path)!r}.")
        return f"{file.name.split('-', 1)[0]} @ {file.as_uri()}"

    def save_to_directory(self, path: str | Path, overwrite: bool = False) -> None:
        """Write azureml_environment.json and conda_dependencies.yml to a folder."""
        with raised_as(UserErrorException):
            files.save(
                Path(path), msgspec.to_builtins(self.definition()),
                self.python.conda_dependencies.serialize_to_string(), overwrite=overwrite,
            )  # fmt: skip

    @staticmethod
    def load_from_directory(path: str | Path) -> "Environment":
        """What ``save_to_directory`` wrote."""
        with raised_as(UserErrorException):
            return Environment._from_definition(
                msgspec.convert(files.load(Path(path)), wire.EnvironmentDefinition)
            )

    @staticmethod
    def _of(found: wire.Environment) -> "Environment":
        made = Environment._from_definition(found.definition)
        made.name, made.version = found.name, str(found.version)
        return made

    @staticmethod
    def _from_definition(definition: wire.EnvironmentDefinition) -> "Environment":
        made = Environment(definition.name)
        made.environment_variables = dict(definition.variables)
        made.python.user_managed_dependencies = definition.user_managed
        made.python.interpreter_path = definition.interpreter or "python"
        if definition.conda_file is not None:
            document = files.specification(definition.conda_file, definition.name)
            made.python.conda_dependencies = CondaDependencies(_underlying_structure=document)
        else:
            made.python.conda_dependencies = _conda(definition)
        for name, value in definition.docker.items():
            setattr(made.docker, name, value)
        return made

    def __repr__(self) -> str:
        return f"Environment(name={self.name!r}, version={self.version!r})"


def _conda(definition: wire.EnvironmentDefinition) -> CondaDependencies:
    python = [f"python={definition.python_version}"] if definition.python_version else []
    pip = [*definition.pip_options, *definition.pip_packages]
    document: dict[str, Any] = {
        "name": "project_environment",
        "dependencies": [*python, *definition.conda_packages, *([{"pip": pip}] if pip else [])],
        "channels": list(definition.conda_channels),
    }
    return CondaDependencies(_underlying_structure=document)


def _with_packages(name: str, conda: Any, pip: Any) -> Environment:
    if conda is not None and pip is not None:
        raise UserErrorException("Give either conda_specification or pip_requirements, not both.")
    if conda is not None:
        return Environment.from_conda_specification(name, conda)
    if pip is not None:
        return Environment.from_pip_requirements(name, pip)
    made = Environment(name)
    made.python.user_managed_dependencies = True
    return made


def _checked(name: object) -> str:
    checked = check_name("environment", name)
    if checked.lower().startswith(("microsoft", "azureml")):
        raise BadName(f"{name!r} cannot be the name of an environment: names that begin with "
                      "'Microsoft' or 'AzureML' are reserved.")  # fmt: skip
    return checked


def definition_of(value: Any) -> wire.EnvironmentDefinition:
    """What an environment or a conda file's text says. Raises ``BadInput`` for anything else."""
    if isinstance(value, Environment):
        value._check_buildable()
        return value.definition()
    if isinstance(value, Mapping):
        return msgspec.convert(value, wire.EnvironmentDefinition)
    raise BadInput(f"environment must be an Environment, not a {type(value).__name__}.")
