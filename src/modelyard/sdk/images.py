"""Images (deprecated in Azure): a kept content that services can be deployed from."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import modelyard
from modelyard.domain.errors import BadInput, NotFound
from modelyard.sdk import deploying, folders, ignore
from modelyard.sdk.client import path
from modelyard.sdk.environments import Environment, definition_of
from modelyard.sdk.errors import WebserviceException, not_supported, raised_as
from modelyard.sdk.inference import Source, check_runtime, check_script, conda_definition
from modelyard.sdk.workspaces import texts, wanted
from modelyard.wire import images as wire
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.services import Content


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


class Image:
    """
    A version of an image.

    The constructor looks one up: the latest of the name unless a version is given.
    """

    def __init__(
        self,
        workspace: "modelyard.Workspace",
        name: str | None = None,
        id: str | None = None,
        tags: Any = None,
        properties: Any = None,
        version: int | str | None = None,
        *,
        _found: wire.Image | None = None,
    ) -> None:
        self.workspace = workspace
        self._client = workspace.service_context
        if _found is None:
            if id is not None:
                name, _, text = id.partition(":")
                version = text or version
            if name is None:
                raise WebserviceException("Image(workspace, …) needs a name or an id.")
            _found = _find(workspace, name, version, tags, properties)
        self._facts = _found

    @staticmethod
    def create(
        workspace: "modelyard.Workspace",
        name: str,
        models: Sequence[Any],
        image_config: ContainerImageConfig,
    ) -> "Image":
        """Keep models and script as the name's next version; its environment is built."""
        with raised_as(WebserviceException):
            client = workspace.service_context
            content = deploying.content(client, image_config)
            content.models, content.local_models = deploying.models_of(client, models)
            request = wire.ImageRequest(
                name=name, content=content, description=image_config.description or "",
                tags=texts(image_config.tags), properties=texts(image_config.properties),
            )  # fmt: skip
            target = path("workspaces", workspace.name, "images")
            found = client.send("POST", target, request, wire.Image)
        print(f"Creating image {name}")
        return ContainerImage(workspace, _found=found)

    @staticmethod
    def list(
        workspace: "modelyard.Workspace",
        image_name: str | None = None,
        model_name: str | None = None,
        model_id: str | None = None,
        tags: Any = None,
        properties: Any = None,
    ) -> "Items[Image]":
        """Images that fit all filters, newest first."""
        with raised_as(WebserviceException):
            found = workspace.service_context.items(
                path("workspaces", workspace.name, "images"), wire.Image
            )
            chosen = [
                i
                for i in found
                if image_name in {None, i.name}
                and (model_id is None or model_id in i.content.models)
                and (
                    model_name is None or model_name in {m.split(":")[0] for m in i.content.models}
                )
                and wanted(i.tags, tags)
                and wanted(i.properties, properties)
            ]
        chosen.sort(key=lambda i: (i.created, i.version), reverse=True)
        return [ContainerImage(workspace, _found=i) for i in chosen]

    def wait_for_creation(self, show_output: bool = False) -> None:
        """Wait until its environment is built. Raises ``WebserviceException`` when it fails."""
        shown = 0
        while self.creation_state not in {"Succeeded", "Failed"}:
            if show_output:
                print("Running" if not shown else ".", end="", flush=True)
            shown += 1
            time.sleep(0.5)  # noqa: TID251 - polls a server
        if show_output:
            print(f"\n{self._facts.state}\nImage creation operation finished for image {self.id}, "
                  f'operation "{self._facts.state}"')  # fmt: skip
        if self._facts.state == "Failed":
            raise WebserviceException(
                f"Image {self.id} could not be created: its environment could not be built. "
                "Environment.build(ws) with the same packages shows the log."
            )

    def update_creation_state(self) -> None:
        """Read anew what the server knows."""
        with raised_as(WebserviceException):
            self._facts = self._client.get(self._path, wire.Image)

    def delete(self) -> None:
        """Remove it."""
        with raised_as(WebserviceException):
            self._client.tell("DELETE", self._path)

    def update(self, tags: Any = None) -> None:
        raise not_supported("Changing an image", "Create the next version.")

    def add_tags(self, tags: Any) -> None:
        raise not_supported("Changing an image", "Create the next version.")

    def remove_tags(self, tags: Iterable[str]) -> None:
        raise not_supported("Changing an image", "Create the next version.")

    def add_properties(self, properties: Any) -> None:
        raise not_supported("Changing an image", "Create the next version.")

    def run(self, input_data: Any) -> Any:
        raise not_supported("Image.run", "Deploy it and call service.run().")

    def serialize(self) -> dict[str, Any]:
        """What is known of it, under Azure's keys."""
        return {
            "name": self.name,
            "id": self.id,
            "version": self.version,
            "createdTime": self.created_time.isoformat(),
            "creationState": self._facts.state,
            "description": self._facts.description,
            "tags": self.tags,
            "properties": self.properties,
            "modelIds": [*self._facts.content.models],
            "imageType": "Docker",
            "imageLocation": self.image_location,
        }

    @property
    def creation_state(self) -> str:
        if self._facts.state not in {"Succeeded", "Failed"}:
            self.update_creation_state()
        return self._facts.state

    @property
    def content(self) -> Content:
        """What a service deployed from it runs."""
        return self._facts.content

    name = property(lambda self: self._facts.name)
    id = property(lambda self: self._facts.id)
    version = property(lambda self: self._facts.version)
    description = property(lambda self: self._facts.description)

    @property
    def tags(self) -> dict[str, str]:
        return dict(self._facts.tags)

    @property
    def properties(self) -> dict[str, str]:
        return dict(self._facts.properties)

    @property
    def created_time(self) -> datetime:
        return self._facts.created

    @property
    def image_location(self) -> str:
        return f"{self._client.url}{self._path}"

    @property
    def image_build_log_uri(self) -> str:
        return f"{self.image_location}/log"

    @property
    def _path(self) -> str:
        parts = ("images", self._facts.name, "versions", self._facts.version)
        return path("workspaces", self.workspace.name, *parts)

    def __repr__(self) -> str:
        return f"Image(id={self._facts.id!r}, state={self._facts.state!r})"


class ContainerImage(Image):
    """What every image is here; it needs no container engine."""

    @staticmethod
    def image_configuration(
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
        cuda_version: str | None = None,
    ) -> ContainerImageConfig:
        """The script, its conda file and the files it needs beside it."""
        return ContainerImageConfig(
            execution_script, runtime, conda_file, docker_file, schema_file, dependencies,
            enable_gpu, tags, properties, description, base_image, base_image_registry,
            cuda_version=cuda_version,
        )  # fmt: skip


def _placed(path_: Path) -> dict[str, Path]:
    """The files of a dependency by their place beside the script: relative, else by name."""
    top = path_.name if path_.is_absolute() or ".." in path_.parts else path_.as_posix()
    if path_.is_file():
        return {top: path_}
    inside = folders.walk(path_, ignore.of_folder(path_, ".amlignore"))
    return {(f"{top}/{name}" if top != "." else name): file for name, file in inside}


def _find(
    workspace: "modelyard.Workspace",
    name: str,
    version: int | str | None,
    tags: Any,
    properties: Any,
) -> wire.Image:
    for image in Image.list(workspace, image_name=name, tags=tags, properties=properties):
        if version is None or str(image.version) == str(version):
            return image._facts
    with raised_as(WebserviceException):
        raise NotFound(f"ImageNotFound: there is no image {name!r} in {workspace.name!r}.")


Items = list
