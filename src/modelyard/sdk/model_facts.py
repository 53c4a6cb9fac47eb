"""What is known of a model, and changing it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

import modelyard
from modelyard.sdk import samples
from modelyard.sdk.client import Client, path
from modelyard.sdk.described import Described
from modelyard.sdk.errors import WebserviceException, not_supported, raised_as
from modelyard.sdk.resources import ResourceConfiguration
from modelyard.sdk.workspaces import texts
from modelyard.wire import models as wire


class ModelFacts(Described):
    """Attributes of a version of a model; tags, description and resources may change."""

    workspace: "modelyard.Workspace"
    _client: Client
    _facts: wire.Model

    def serialize(self) -> dict[str, Any]:
        """What is known of it, under Azure's keys."""
        return {
            "createdTime": self.created_time.isoformat(),
            "createdBy": self.created_by,
            "description": self.description,
            "experimentName": self.experiment_name,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
            "id": self.id,
            "mimeType": self.mime_type,
            "name": self.name,
            "properties": self.properties,
            "resourceRequirements": self._facts.resources,
            "runId": self.run_id,
            "sampleInputDatasetId": None,
            "sampleOutputDatasetId": None,
            "tags": self.tags,
            "unpack": self.unpack,
            "url": self.url,
            "version": self.version,
        }

    def update(
        self,
        tags: Mapping[str, Any] | None = None,
        description: str | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: ResourceConfiguration | None = None,
    ) -> None:
        """Replace tags, description, resources or samples."""
        change = wire.ModelChange(
            tags=None if tags is None else texts(tags),
            description=description,
            resources=ResourceConfiguration.payload_of(resource_configuration),
        )
        with raised_as(WebserviceException):
            if sample_input_dataset is not None:
                name = "sample_input_dataset"
                change.sample_input = samples.wired(sample_input_dataset, name, print)
            if sample_output_dataset is not None:
                name = "sample_output_dataset"
                change.sample_output = samples.wired(sample_output_dataset, name, print)
        self._change(change)

    def update_tags_properties(
        self,
        add_tags: Mapping[str, Any] | None = None,
        remove_tags: Iterable[str] | None = None,
        add_properties: Mapping[str, Any] | None = None,
    ) -> None:
        """Add and remove tags, add properties."""
        gone = None if remove_tags is None else _names(remove_tags)
        self._change(
            wire.ModelChange(
                add_tags=None if add_tags is None else texts(add_tags),
                remove_tags=gone,
                add_properties=None if add_properties is None else texts(add_properties),
            )
        )

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Add tags; the others stay."""
        self.update_tags_properties(add_tags=tags)

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Remove tags by key."""
        self.update_tags_properties(remove_tags=tags)

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Add properties. Raises when one has another value already."""
        self.update_tags_properties(add_properties=properties)

    def add_dataset_references(self, datasets: Any) -> None:
        raise not_supported("Model.add_dataset_references", "Name the data in the model's tags.")

    def delete(self) -> None:
        """Remove this version. Raises while a service uses it."""
        with raised_as(WebserviceException):
            self._client.tell("DELETE", self._path)

    def refresh(self) -> "ModelFacts":
        """Read anew what the server knows."""
        with raised_as(WebserviceException):
            self._facts = self._client.get(self._path, wire.Model)
        return self

    @property
    def id(self) -> str:
        return self._facts.id

    @property
    def version(self) -> int:
        return self._facts.version

    @property
    def model_framework(self) -> str | None:
        return self._facts.framework

    @property
    def model_framework_version(self) -> str | None:
        return self._facts.framework_version

    @property
    def run_id(self) -> str | None:
        return self._facts.run_id

    @property
    def run(self) -> "modelyard.Run | None":
        run_id = self._facts.run_id
        return None if run_id is None else modelyard.Run.get(self.workspace, run_id)

    @property
    def experiment_name(self) -> str | None:
        return self._facts.experiment

    @property
    def resource_configuration(self) -> ResourceConfiguration | None:
        return ResourceConfiguration.deserialize(self._facts.resources)

    @property
    def record(self) -> dict[str, Any]:
        """The Python and the packages in use when it was registered."""
        return dict(self._facts.record)

    @property
    def created_by(self) -> dict[str, str]:
        return {"userName": self._facts.created_by}

    @property
    def created_time(self) -> datetime:
        return self._facts.created

    @property
    def url(self) -> str:
        return f"aml://asset/{self._facts.manifest}"

    size = property(lambda self: self._facts.size)
    mime_type = "application/x-python"
    unpack = False
    parent_id = None

    @property
    def sample_input_dataset(self) -> samples.Sample | None:
        """What it takes, as it was registered."""
        return _sample(self._samples().input)

    @property
    def sample_output_dataset(self) -> samples.Sample | None:
        """What it gives, as it was registered."""
        return _sample(self._samples().output)

    @property
    def datasets(self) -> dict[str, Any]:
        return {}

    @property
    def _path(self) -> str:
        return path(
            "workspaces", self.workspace.name, "models", self.name, "versions", self.version
        )

    def _samples(self) -> wire.ModelSamples:
        with raised_as(WebserviceException):
            return self._client.get(f"{self._path}/samples", wire.ModelSamples)

    def _change(self, change: wire.ModelChange) -> None:
        with raised_as(WebserviceException):
            self._facts = self._client.send("PATCH", self._path, change, wire.Model)

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self.workspace.name!r}, name={self.name}, id={self.id}, "
            f"version={self.version}, tags={self.tags}, properties={self.properties})"
        )


def _sample(tensors: list[wire.Tensor]) -> samples.Sample | None:
    return samples.Sample([msgspec.structs.asdict(t) for t in tensors]) if tensors else None


def _names(keys: Iterable[str]) -> list[str]:
    return [keys] if isinstance(keys, str) else [str(key) for key in keys]
