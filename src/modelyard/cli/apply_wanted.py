"""What an endpoint's file means: its files hashed, its models and environments looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from modelyard.cli import environments
from modelyard.cli.choose import name_and_version
from modelyard.cli.endpoint_file import EndpointFile, FileEnvironment, FileVersion, Text
from modelyard.domain.errors import BadInput, ModelyardError
from modelyard.sdk.client import Client, path
from modelyard.sdk.folders import Bundle, bundle, content_of
from modelyard.sdk.ignore import of_folder
from modelyard.wire.contents import Content, Limits, ServingOptions
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.models import Model

DEFAULT_NAME = "service"
"""The name of an environment that is described where it is used."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    A version as the file wants it. ``said`` are the parts that the file speaks of; of all others
    nothing is wanted. ``files`` are to be sent before the content may be used.
    """

    name: str
    content: Content
    said: frozenset[str]
    files: Bundle | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    control: bool | None = None


def wanted(client: Client, ws: str, file: EndpointFile, folder: Path) -> list[Wanted]:
    """Every version, in the file's order; paths are below ``folder``. Errors name the version."""
    found = []
    for name, version in file.versions.items():
        try:
            found.append(_version(client, ws, name, version, folder))
        except ModelyardError as error:
            error.message = f"versions.{name}: {error.message}"
            error.args = (error.message,)
            raise
    return found


def texts(values: Mapping[str, Text] | None) -> dict[str, str]:
    """Values as texts, as YAML writes them."""
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in (values or {}).items()
    }


def _version(client: Client, ws: str, name: str, version: FileVersion, folder: Path) -> Wanted:
    files, script, source_name = _source(version, folder)
    limits, serving = version.limits, version.serving
    content = Content(
        source=files.manifest.digest if files else "",
        entry_script=script,
        source_name=source_name,
        environment=_environment(client, ws, version.environment, folder, script),
        models=[_model(client, ws, model) for model in version.models],
        variables=texts(version.variables),
        limits=Limits(cpu=limits.cpu, memory_gb=limits.memory_gb, gpu=limits.gpu)
        if limits
        else Limits(),
        serving=serving or ServingOptions(),
    )
    return Wanted(
        name, content, frozenset(_said(version)), files,
        version.description or "", texts(version.tags), version.control,
    )  # fmt: skip


def _said(version: FileVersion) -> list[str]:
    """What the file speaks of; what is served, and in what, always belongs to it."""
    said = ["models", "script", "files", "environment"]
    more = ("variables", "description", "tags", "control")
    said += [name for name in more if getattr(version, name) is not None]
    for part in ("limits", "serving"):
        given = getattr(version, part)
        values = msgspec.structs.asdict(given) if given else {}
        said += [f"{part}.{name}" for name, value in values.items() if value is not None]
    return said


def _source(version: FileVersion, folder: Path) -> tuple[Bundle | None, str, str]:
    """The files to send, the script in them, and the name of their folder."""
    if version.script is None:
        if version.source is not None:
            raise BadInput("source needs a script: name the scoring script in it.")
        return None, "", ""
    script = Path(version.script)
    if version.source is None:
        file = folder / script
        _check_file(file, "script")
        return bundle({script.name: file}), script.name, ""
    source = folder / version.source
    if not source.is_dir():
        raise BadInput(f"source: there is no folder {str(source)!r}.")
    _check_file(source / script, "script")
    files = content_of(source, of_folder(source, ".amlignore"))
    return files, script.as_posix(), source.resolve().name


def _environment(
    client: Client, ws: str, asked: str | FileEnvironment | None, folder: Path, script: str
) -> EnvironmentDefinition | None:
    """None has the server choose it for the model."""
    if isinstance(asked, str):
        return environments.find(client, ws, _plain(asked)).definition
    if asked is None:
        return EnvironmentDefinition(name=DEFAULT_NAME) if script else None
    if asked.conda and (asked.requirements or asked.pip or asked.python):
        raise BadInput("environment.conda stands alone: write packages and python in that file.")
    return environments.definition(
        DEFAULT_NAME,
        _file(folder, asked.conda),
        _file(folder, asked.requirements),
        asked.pip,
        None if asked.python is None else str(asked.python),
    )


def _file(folder: Path, name: str | None) -> Path | None:
    if name is None:
        return None
    _check_file(folder / name, "environment")
    return folder / name


def _check_file(file: Path, key: str) -> None:
    if not file.is_file():
        raise BadInput(f"{key}: there is no file {str(file)!r}.")


def _model(client: Client, ws: str, text: str) -> str:
    """``NAME:VERSION`` with the version that there is now. Raises ``NotFound``."""
    name, version = name_and_version(_plain(text))
    if version is None:
        found = client.get(path("workspaces", ws, "models", name), Model)
    else:
        found = client.get(path("workspaces", ws, "models", name, "versions", version), Model)
    return f"{found.name}:{found.version}"


def _plain(text: str) -> str:
    """Without what Azure's files write around a name."""
    return text.removeprefix("azureml:").removesuffix("@latest")
