"""
Images (deprecated in Azure): a content that services can be deployed from.

Modelyard needs no images: the files and the environment are kept by the server like those of any
service, the image itself is known to the process that made it.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import modelyard
from modelyard.domain.clock import utc
from modelyard.domain.errors import NotFound
from modelyard.domain.names import check_name
from modelyard.sdk import deploying
from modelyard.sdk.client import path
from modelyard.sdk.errors import WebserviceException, not_supported, raised_as
from modelyard.sdk.image_builds import ImageBuildDetails
from modelyard.sdk.image_configuration import ContainerImageConfig
from modelyard.sdk.workspaces import texts, wanted
from modelyard.wire.environments import Build, BuildRequest
from modelyard.wire.services import Content


@dataclass(slots=True)
class _Kept:
    """What is known of an image."""

    name: str
    version: int
    created: datetime
    content: Content
    build: ImageBuildDetails
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.name}:{self.version}"


_kept: dict[tuple[str, str], list[_Kept]] = {}
"""By server and workspace, oldest first."""


class Image:
    """
    A version of an image that this process made.

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
        _found: _Kept | None = None,
    ) -> None:
        self.workspace = workspace
        if id is not None:
            name, _, text = id.partition(":")
            version = text or version
        self._facts = _found or _find(workspace, name, version, tags, properties)

    @staticmethod
    def create(
        workspace: "modelyard.Workspace",
        name: str,
        models: Sequence[Any],
        image_config: ContainerImageConfig,
    ) -> "Image":
        """Send models and script and have the environment built."""
        with raised_as(WebserviceException):
            check_name("image", name)
            client = workspace.service_context
            content = deploying.content(client, image_config)
            content.models, content.local_models = deploying.models_of(client, models)
            request = BuildRequest(definition=content.environment, models=content.models)
            target = path("workspaces", workspace.name, "builds")
            build = client.send("POST", target, request, Build)
        print(f"Creating image {name}")
        there = _of(workspace)
        made = _Kept(
            name=name,
            version=1 + max((i.version for i in there if i.name == name), default=0),
            created=utc(time.time()),
            content=content,
            build=ImageBuildDetails(client, workspace.name, build),
            description=image_config.description or "",
            tags=texts(image_config.tags),
            properties=texts(image_config.properties),
        )
        there.append(made)
        return ContainerImage(workspace, _found=made)

    @staticmethod
    def list(
        workspace: "modelyard.Workspace",
        image_name: str | None = None,
        model_name: str | None = None,
        model_id: str | None = None,
        tags: Any = None,
        properties: Any = None,
    ) -> "Items[Image]":
        """Images of this process that fit all filters, newest first."""
        return [
            ContainerImage(workspace, _found=i)
            for i in reversed(_of(workspace))
            if image_name in {None, i.name}
            and (model_id is None or model_id in i.content.models)
            and (model_name is None or model_name in _names(i.content))
            and wanted(i.tags, tags)
            and wanted(i.properties, properties)
        ]

    def wait_for_creation(self, show_output: bool = False) -> None:
        """Wait until its environment is built. Raises ``WebserviceException`` when it fails."""
        with raised_as(WebserviceException):
            self._facts.build.wait_for_completion(show_output=show_output)
        if show_output:
            print(f'Image creation operation finished for image {self.id}, operation "Succeeded"')

    def update_creation_state(self) -> None:
        """Read anew what the server knows."""
        self._facts.build.status  # noqa: B018 - asking reads it

    def delete(self) -> None:
        """Forget it."""
        there = _of(self.workspace)
        if self._facts in there:
            there.remove(self._facts)

    def update(self, tags: Mapping[str, Any]) -> None:
        """Replace the tags."""
        self._facts.tags = texts(tags)

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Add tags; the others stay."""
        self._facts.tags.update(texts(tags))

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Remove tags by key."""
        for key in [tags] if isinstance(tags, str) else tags:
            self._facts.tags.pop(key, None)

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Add properties."""
        self._facts.properties.update(texts(properties))

    def run(self, input_data: Any) -> Any:
        raise not_supported("Image.run", "Deploy it and call service.run().")

    def serialize(self) -> dict[str, Any]:
        """What is known of it, under Azure's keys."""
        return {
            "name": self.name,
            "id": self.id,
            "version": self.version,
            "createdTime": self.created_time.isoformat(),
            "creationState": self.creation_state,
            "description": self._facts.description,
            "tags": self.tags,
            "properties": self.properties,
            "modelIds": [*self._facts.content.models],
            "imageType": "Docker",
            "imageLocation": self.image_location,
        }

    @property
    def creation_state(self) -> str:
        return self._facts.build.status

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
        return f"modelyard://{self.workspace.name}/{self.id}"

    @property
    def image_build_log_uri(self) -> str:
        url = self.workspace.service_context.url
        digest = self._facts.build.build.digest
        return f"{url}/api/v1{path('workspaces', self.workspace.name, 'builds', digest)}/log"

    def __repr__(self) -> str:
        return f"Image(id={self._facts.id!r})"


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


def _of(workspace: "modelyard.Workspace") -> "Items[_Kept]":
    return _kept.setdefault((workspace.service_context.url, workspace.name), [])


def _names(content: Content) -> set[str]:
    return {id.split(":")[0] for id in content.models}


def _find(
    workspace: "modelyard.Workspace",
    name: str | None,
    version: int | str | None,
    tags: Any,
    properties: Any,
) -> _Kept:
    if name is None:
        raise WebserviceException("Image(workspace, …) needs a name or an id.")
    for image in Image.list(workspace, image_name=name, tags=tags, properties=properties):
        if version is None or str(image.version) == str(version):
            return image._facts
    with raised_as(WebserviceException):
        raise NotFound(
            f"ImageNotFound: this process has made no image {name!r} in {workspace.name!r}. "
            "Create it with ContainerImage.create(...), or deploy with Model.deploy, which needs "
            "no image."
        )


Items = list
