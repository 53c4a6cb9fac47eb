"""Images (deprecated in Azure): a kept content that services can be deployed from."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import modelyard
from modelyard.domain.errors import NotFound
from modelyard.sdk import deploying
from modelyard.sdk.builds import follow
from modelyard.sdk.client import path
from modelyard.sdk.described import Described
from modelyard.sdk.errors import WebserviceException, not_supported, raised_as
from modelyard.sdk.image_configuration import ContainerImageConfig
from modelyard.sdk.workspaces import texts, wanted
from modelyard.wire import images as wire
from modelyard.wire.contents import Content


class Image(Described):
    """
    A version of an image.

    The constructor looks one up: the latest of the name unless a version is given.
    """

    _facts: wire.Image

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
        image_config: ContainerImageConfig | None = None,
    ) -> "Image":
        """
        Keep models and script as the name's next version; its environment is built.

        Without ``image_config`` the one model is kept to be served by its framework.
        """
        with raised_as(WebserviceException):
            client = workspace.service_context
            content = deploying.content(client, image_config)
            content.models, content.local_models = deploying.models_of(client, models)
            request = wire.ImageRequest(
                name=name, content=content,
                description=getattr(image_config, "description", None) or "",
                tags=texts(getattr(image_config, "tags", None)),
                properties=texts(getattr(image_config, "properties", None)),
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
        tell = (lambda line: print(line, flush=True)) if show_output else _nobody
        with raised_as(WebserviceException):
            follow(self._client, self.workspace.name, self._facts.build, tell)
            self.update_creation_state()
        if show_output:
            print(f"Image creation operation finished for image {self.id}, "
                  f'operation "{self._facts.state}"')  # fmt: skip
        if self._facts.state == "Failed":
            raise WebserviceException(
                f"Image {self.id} could not be created: its environment could not be built. "
                f"{self._facts.error or ''}".rstrip()
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
        """Replace the tags."""
        self._change(wire.ImageChange(tags=texts(tags)))

    def add_tags(self, tags: Any) -> None:
        """Set tags; the others stay."""
        self._change(wire.ImageChange(add_tags=texts(tags)))

    def remove_tags(self, tags: str | Iterable[str]) -> None:
        """Remove tags by key."""
        gone = [tags] if isinstance(tags, str) else [str(tag) for tag in tags]
        self._change(wire.ImageChange(remove_tags=gone))

    def add_properties(self, properties: Any) -> None:
        """Set properties. Raises when one has another value already."""
        self._change(wire.ImageChange(add_properties=texts(properties)))

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

    @classmethod
    def deserialize(
        cls, workspace: "modelyard.Workspace", image_payload: Mapping[str, Any]
    ) -> "Image":
        """The image that ``serialize`` described."""
        return ContainerImage(workspace, id=str(image_payload.get("id")))

    @property
    def creation_state(self) -> str:
        if self._facts.state not in {"Succeeded", "Failed"}:
            self.update_creation_state()
        return self._facts.state

    @property
    def content(self) -> Content:
        """What a service deployed from it runs."""
        return self._facts.content

    id = property(lambda self: self._facts.id)
    version = property(lambda self: self._facts.version)

    @property
    def created_time(self) -> datetime:
        return self._facts.created

    @property
    def image_location(self) -> str:
        return f"{self._client.url}/api/v1{self._path}"

    @property
    def image_build_log_uri(self) -> str:
        return f"{self.image_location}/log"

    def _change(self, change: wire.ImageChange) -> None:
        with raised_as(WebserviceException):
            self._facts = self._client.send("PATCH", self._path, change, wire.Image)

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


def _nobody(_: str) -> None:
    """Nothing is shown."""


Items = list
