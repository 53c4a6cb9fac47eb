"""InferenceConfig: the scoring script, its folder and its environment."""

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.domain.errors import BadInput
from modelyard.domain.predictors import Batching
from modelyard.sdk import folders, ignore
from modelyard.sdk.conda_dependencies import PYTHON_DEFAULT_VERSION
from modelyard.sdk.environments import Environment, definition_of
from modelyard.sdk.errors import WebserviceException, raised_as
from modelyard.wire.environments import EnvironmentDefinition

_RUNTIMES = frozenset({"python", "spark-py"})


@dataclass(frozen=True, slots=True)
class Source:
    """The files to send, the script among them, and the folder's name below the app root."""

    bundle: folders.Bundle
    entry_script: str
    name: str = ""


class InferenceConfig:
    """
    What runs a model.

    ``entry_script`` is relative to ``source_directory``, whose whole content is sent; without one
    the script alone is. Both are checked at once. ``batching`` has requests that wait together run
    together, in one call of the script's ``run``.

    With ``environment`` or ``batching`` alone, no script is run: the one model is served by its
    framework. Raises ``WebserviceException``.
    """

    def __init__(
        self,
        entry_script: str | None = None,
        runtime: str | None = None,
        conda_file: str | None = None,
        extra_docker_file_steps: str | None = None,
        source_directory: Any = None,
        enable_gpu: bool | None = None,
        description: str | None = None,
        base_image: str | None = None,
        base_image_registry: Any = None,
        cuda_version: str | None = None,
        environment: Environment | None = None,
        *,
        batching: Batching | None = None,
    ) -> None:
        self.entry_script = None if entry_script is None else str(entry_script)
        self.source_directory = None if source_directory is None else str(source_directory)
        self.runtime = runtime
        self.conda_file = None if conda_file is None else str(conda_file)
        self.extra_docker_file_steps = extra_docker_file_steps
        self.enable_gpu = enable_gpu
        self.description = description
        self.base_image = base_image
        self.base_image_registry = base_image_registry
        self.cuda_version = cuda_version
        self.environment = environment
        self.batching = batching
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Raises ``WebserviceException`` for what cannot be deployed."""
        with raised_as(WebserviceException):
            if self.source_directory is not None and not Path(self.source_directory).is_dir():
                raise BadInput(
                    f"The source_directory {self.source_directory!r} is not a folder "
                    f"(in {Path.cwd()})."
                )
            if self.batching is not None and not isinstance(self.batching, Batching):
                raise BadInput(
                    "batching must be a modelyard.Batching, like Batching(max_size=64), not a "
                    f"{type(self.batching).__name__}."
                )
            if self.entry_script is None:
                self._check_without_script()
            else:
                check_script(self._beside(self.entry_script), self.entry_script)
            self._check_environment()

    def validation_script_content(self) -> None:
        """Raises ``WebserviceException`` when the script cannot be parsed."""
        if self.entry_script is not None:
            with raised_as(WebserviceException):
                check_script(self._beside(self.entry_script), self.entry_script)

    def source(self) -> Source | None:
        """What is to be sent, read anew; None without a script."""
        if self.entry_script is None:
            return None
        if self.source_directory is None:
            script = self._beside(self.entry_script)
            _hint_neighbours(script)
            return Source(folders.bundle({script.name: script}), script.name)
        folder = Path(self.source_directory)
        bundle = folders.content_of(folder, ignore.of_folder(folder, ".amlignore"))
        return Source(bundle, Path(self.entry_script).as_posix(), folder.resolve().name)

    def definition(self) -> EnvironmentDefinition | None:
        """The environment to build; None has one chosen for a model without a script."""
        if self.entry_script is None and self.environment is None:
            return None
        if self.environment is not None:
            return definition_of(self.environment)
        if self.conda_file is not None:
            return conda_definition(self._beside(self.conda_file))
        return definition_of(Environment("default"))

    def _beside(self, name: str) -> Path:
        return Path(self.source_directory or ".") / name

    def _check_without_script(self) -> None:
        if self.environment is None and self.batching is None:
            raise BadInput(
                "InferenceConfig() missing 1 required positional argument: 'entry_script'. Give "
                "the scoring script; or environment= or batching= alone to serve a model without "
                "a script."
            )
        given = [
            name
            for name in ("source_directory", "conda_file", "runtime")
            if getattr(self, name) is not None
        ]
        if given:
            raise BadInput(f"{', '.join(given)} without entry_script: name the scoring script.")

    def _check_environment(self) -> None:
        old_style = [
            name
            for name in ("runtime", "conda_file", "extra_docker_file_steps", "enable_gpu",
                         "base_image", "base_image_registry", "cuda_version")
            if getattr(self, name) is not None
        ]  # fmt: skip
        if self.environment is not None:
            if not isinstance(self.environment, Environment):
                kind = type(self.environment).__name__
                raise BadInput(f"environment must be an Environment, not a {kind}.")
            if old_style:
                raise BadInput(f"Give environment or {', '.join(old_style)}, not both.")
        if self.runtime is not None:
            check_runtime(self.runtime)
        if self.conda_file is not None and not self._beside(self.conda_file).is_file():
            raise BadInput(f"There is no conda_file {str(self._beside(self.conda_file))!r}.")

    def __repr__(self) -> str:
        return (
            f"InferenceConfig(entry_script={self.entry_script!r}, "
            f"source_directory={self.source_directory!r}, environment={self.environment!r})"
        )


def conda_definition(file: Path) -> EnvironmentDefinition:
    """An environment that a conda file describes, sent as it is written."""
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The conda file {str(file)!r} cannot be read: {error}.") from error
    says_python = re.search(r"""^\s*-\s*["']?python\s*(["'\s]|[=<>!~]|$)""", text, re.MULTILINE)
    version = None if says_python else PYTHON_DEFAULT_VERSION
    return EnvironmentDefinition(name=file.stem, python_version=version, conda_file=text)


def check_runtime(runtime: str) -> None:
    """Raises ``BadInput`` for what is neither Python nor Azure's other one."""
    if runtime not in _RUNTIMES:
        raise BadInput(f"The runtime must be 'python', not {runtime!r}.")
    if runtime != "python":
        raise BadInput("The runtime 'spark-py' is not there; use 'python'.")


def check_script(script: Path, shown: str) -> None:
    """Raises ``BadInput`` for a script that is not there, has a bad name or cannot be parsed."""
    if not script.is_file():
        raise BadInput(f"There is no entry script {shown!r} in {str(script.parent.resolve())!r}.")
    if script.suffix != ".py":
        raise BadInput(f"The entry script {shown!r} must be a .py file.")
    if not script.stem.isidentifier():
        raise BadInput(f"The entry script {shown!r} cannot be imported under that name; "
                       "rename it to letters, digits and '_'.")  # fmt: skip
    try:
        functions = _functions(ast.parse(script.read_bytes(), filename=str(script)))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise BadInput(
            f"The entry script {shown!r} is not valid Python {sys.version_info[0]}: {error}.",
            details={"file": str(script), "line": line},
        ) from error
    missing = [name for name in ("init", "run") if name not in functions]
    if missing:
        raise BadInput(
            f"The entry script {shown!r} must define {' and '.join(missing)}(): "
            "init() loads the model, run(data) answers."
        )


def _functions(tree: ast.Module) -> set[str]:
    """Names that the module may define at its top, as far as can be read without running it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names.update((a.asname or a.name) for a in node.names)
    # a star import may bring anything
    return names | ({"init", "run"} if "*" in names else set())


def _hint_neighbours(script: Path) -> None:
    """Say when the script imports a module that lies beside it and is not sent."""
    tree = ast.parse(script.read_bytes())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {a.name.partition(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    beside = [n for n in sorted(names) if (script.parent / f"{n}.py").is_file()]
    if beside:
        print(f"{script.name} imports {', '.join(beside)}, which lies beside it but is not sent: "
              "pass source_directory to send the whole folder.")  # fmt: skip
