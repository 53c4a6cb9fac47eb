"""Models."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import modelyard
from modelyard.domain.names import check_name
from modelyard.sdk import deploying, folders, model_files, transfer
from modelyard.sdk.client import path
from modelyard.sdk.errors import WebserviceException, not_supported, raised_as
from modelyard.sdk.inference import InferenceConfig
from modelyard.sdk.model_frameworks import Framework, check_framework
from modelyard.sdk.record import record
from modelyard.sdk.resources import ResourceConfiguration
from modelyard.sdk.workspaces import texts, wanted
from modelyard.wire import models as wire


class Model:
    """
    A version of a registered model.

    The constructor looks one up: the latest of the name unless a version is given. Raises
    ``WebserviceException`` (``ModelNotFound``) when there is none that fits.
    """

    Framework = Framework
    InferenceConfig = InferenceConfig
    _SUPPORTED_FRAMEWORKS_FOR_NO_CODE_DEPLOY = (
        Framework.ONNX, Framework.SCIKITLEARN, Framework.TENSORFLOW, Framework.MULTI,
    )  # fmt: skip

    def __init__(
        self,
        workspace: "modelyard.Workspace",
        name: str | None = None,
        id: str | None = None,
        tags: Any = None,
        properties: Any = None,
        version: int | str | None = None,
        run_id: str | None = None,
        model_framework: str | None = None,
        expand: bool = True,
        *,
        _found: wire.Model | None = None,
        **_: Any,
    ) -> None:
        self.workspace = workspace
        self._client = workspace.service_context
        if _found is None:
            with raised_as(WebserviceException):
                _found = model_files.find(
                    self._client, workspace.name, name=name, id=id, tags=tags,
                    properties=properties, version=version, run_id=run_id,
                    framework=model_framework,
                )  # fmt: skip
        self._facts = _found

    # --- registering and finding

    @staticmethod
    def register(
        workspace: "modelyard.Workspace",
        model_path: Any,
        model_name: str,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        datasets: Any = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: Sequence[Any] | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: ResourceConfiguration | None = None,
        *,
        show_output: bool = True,
    ) -> "Model":
        """
        Register a file or folder as the name's next version.

        What Python and which packages this process has loaded is kept with it, so that a service
        can be given the same.
        """
        check_framework(model_framework, model_framework_version)
        with raised_as(WebserviceException):
            check_name("model", model_name)
            bundle = folders.bundle_of(Path(model_path))
            if show_output:
                print(f"Registering model {model_name}")
            client = workspace.service_context
            request = wire.ModelRequest(
                name=model_name,
                manifest=transfer.upload(client, bundle, f"Uploading {model_name}"),
                description=description or "",
                tags=texts(tags),
                properties=texts(properties),
                framework=model_framework,
                framework_version=model_framework_version,
                resources=ResourceConfiguration.payload_of(resource_configuration),
                record=record(),
            )
            target = path("workspaces", workspace.name, "models")
            return Model._of(workspace, client.send("POST", target, request, wire.Model))

    @staticmethod
    def list(
        workspace: "modelyard.Workspace",
        name: str | None = None,
        tags: Any = None,
        properties: Any = None,
        run_id: str | None = None,
        latest: bool = False,
        dataset_id: str | None = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: str | None = None,
    ) -> "Items[Model]":
        """Models that fit all filters, newest first; of each name the latest with ``latest``."""
        if dataset_id is not None:
            raise not_supported("The filter dataset_id", "Filter by tags or run_id.")
        with raised_as(WebserviceException):
            found = model_files.listed(
                workspace.service_context, workspace.name, name=name, run_id=run_id,
                framework=model_framework, latest=latest,
            )  # fmt: skip
            return [
                Model._of(workspace, m)
                for m in found
                if wanted(m.tags, tags) and wanted(m.properties, properties)
            ]

    @staticmethod
    def get_model(model_name: str, version: int | None = None, _workspace: Any = None) -> "Model":
        """The model of that name in the configured workspace (Azure's has no such method)."""
        workspace = _workspace or modelyard.Workspace.from_config()
        return Model(workspace, name=model_name, version=version)

    @staticmethod
    def get_model_path(model_name: str, version: int | None = None, _workspace: Any = None) -> str:
        """
        The path of the registered file or folder.

        Looked for in ``azureml-models/NAME/VERSION/`` (the highest version unless one is given),
        then as ``./NAME``; else downloaded from the given, the run's or the configured workspace.
        Raises ``ModelNotFoundException``.
        """
        here = model_files.cached(model_name, version)
        if here is not None:
            return str(here)
        with raised_as(WebserviceException):
            workspace = _workspace or model_files.default_workspace(model_name)
            model = Model(workspace, name=model_name, version=version)
            folder = model_files.cache_of(model.name, model.version)
            return model.download(str(folder), exist_ok=True)

    # --- files

    def download(
        self, target_dir: str = ".", exist_ok: bool = False, exists_ok: bool | None = None
    ) -> str:
        """
        Lay the model's files out below a folder; the path of the file or folder.

        Raises ``WebserviceException`` when something is there already, unless ``exist_ok``.
        """
        replace = exist_ok if exists_ok is None else exists_ok
        with raised_as(WebserviceException):
            return str(
                model_files.download(self._client, self._facts, Path(target_dir), replace=replace)
            )

    def get_sas_urls(self) -> dict[str, str]:
        """The address of each file; they need the API token."""
        with raised_as(WebserviceException):
            return model_files.addresses(self._client, self._facts.manifest)

    # --- changing

    def update(
        self,
        tags: Mapping[str, Any] | None = None,
        description: str | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: ResourceConfiguration | None = None,
    ) -> None:
        """Replace tags, description or resources."""
        resources = ResourceConfiguration.payload_of(resource_configuration)
        new_tags = None if tags is None else texts(tags)
        self._change(wire.ModelChange(tags=new_tags, description=description, resources=resources))

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

    def refresh(self) -> "Model":
        """Read anew what the server knows."""
        with raised_as(WebserviceException):
            self._facts = self._client.get(self._path, wire.Model)
        return self

    # --- deploying

    @staticmethod
    def deploy(
        workspace: "modelyard.Workspace",
        name: str,
        models: Sequence[Any],
        inference_config: Any = None,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
        show_output: bool = False,
    ) -> "modelyard.Webservice":
        """
        Deploy as a web service; returns at once, ``wait_for_deployment`` waits for it.

        Without ``deployment_config`` it is a native service with keys on. Raises
        ``WebserviceException`` when the name is taken, unless ``overwrite``.
        """
        del deployment_target
        return deploying.deploy(
            workspace, name, models, inference_config, deployment_config,
            overwrite=overwrite, show_output=show_output,
        )  # fmt: skip

    @staticmethod
    def print_configuration(
        models: Sequence[Any],
        inference_config: Any,
        deployment_config: Any,
        deployment_target: Any = None,
    ) -> None:
        """Print what would be deployed."""
        print("Models:", ", ".join(str(getattr(m, "id", m)) for m in models) or "none")
        print("Inference configuration:", inference_config)
        if deployment_config is not None:
            deployment_config.print_deploy_configuration()
        if deployment_target is not None:
            print("Deployment target:", deployment_target)

    @staticmethod
    def package(*_: Any, **__: Any) -> Any:
        raise not_supported("Model.package", "Model.deploy needs no image: deploy the model.")

    @staticmethod
    def profile(*_: Any, **__: Any) -> Any:
        raise not_supported("Model.profile", "Deploy it and measure with requests of your own.")

    # --- as JSON

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

    @staticmethod
    def deserialize(workspace: "modelyard.Workspace", model_payload: Mapping[str, Any]) -> "Model":
        """The model that ``serialize`` described, read from the workspace."""
        if "id" not in model_payload:
            raise WebserviceException("The payload has no 'id', so it describes no model.")
        return Model(workspace, id=str(model_payload["id"]))

    # --- attributes

    @property
    def id(self) -> str:
        return self._facts.id

    @property
    def name(self) -> str:
        return self._facts.name

    @property
    def version(self) -> int:
        return self._facts.version

    @property
    def description(self) -> str:
        return self._facts.description

    @property
    def tags(self) -> dict[str, str]:
        return dict(self._facts.tags)

    @property
    def properties(self) -> dict[str, str]:
        return dict(self._facts.properties)

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
    sample_input_dataset = None
    sample_output_dataset = None

    @property
    def datasets(self) -> dict[str, Any]:
        return {}

    @staticmethod
    def _of(workspace: "modelyard.Workspace", facts: wire.Model) -> "Model":
        return Model(workspace, _found=facts)

    _check_framework = staticmethod(check_framework)

    @property
    def _path(self) -> str:
        return path(
            "workspaces", self.workspace.name, "models", self.name, "versions", self.version
        )

    def _change(self, change: wire.ModelChange) -> None:
        with raised_as(WebserviceException):
            self._facts = self._client.send("PATCH", self._path, change, wire.Model)

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self.workspace.name!r}, name={self.name}, id={self.id}, "
            f"version={self.version}, tags={self.tags}, properties={self.properties})"
        )


def _names(keys: Iterable[str]) -> "Items[str]":
    return [keys] if isinstance(keys, str) else [str(key) for key in keys]


Items = list
