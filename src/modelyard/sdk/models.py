"""Models."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import modelyard
from modelyard.domain.frameworks import NAMES
from modelyard.domain.names import check_name
from modelyard.sdk import deploying, folders, model_files, samples, transfer
from modelyard.sdk.client import path
from modelyard.sdk.errors import WebserviceException, not_supported, raised_as
from modelyard.sdk.inference import InferenceConfig
from modelyard.sdk.model_facts import ModelFacts
from modelyard.sdk.model_frameworks import Framework, check_framework
from modelyard.sdk.record import record
from modelyard.sdk.resources import ResourceConfiguration
from modelyard.sdk.workspaces import texts, wanted
from modelyard.wire import models as wire


class Model(ModelFacts):
    """
    A version of a registered model.

    The constructor looks one up: the latest of the name unless a version is given. Raises
    ``WebserviceException`` (``ModelNotFound``) when there is none that fits.
    """

    Framework = Framework
    InferenceConfig = InferenceConfig
    _SUPPORTED_FRAMEWORKS_FOR_NO_CODE_DEPLOY = NAMES

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
        can be given the same. A sample (data frame, array, rows, or the path of a file of them)
        types the service of a model without a script; its first 100 rows are kept.
        """
        check_framework(model_framework, model_framework_version)
        with raised_as(WebserviceException):
            check_name("model", model_name)
            tell = print if show_output else _nobody
            samples_in = samples.wired(sample_input_dataset, "sample_input_dataset", tell)
            samples_out = samples.wired(sample_output_dataset, "sample_output_dataset", tell)
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
                sample_input=samples_in,
                sample_output=samples_out,
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

        Without ``inference_config`` the one model is served without a script, by its framework,
        in an environment chosen for it; without ``deployment_config`` it is a native service with
        keys on. ``deployment_target`` is a ``ComputeTarget`` or its name. Raises
        ``WebserviceException`` when the name is taken, unless ``overwrite``.
        """
        return deploying.deploy(
            workspace, name, models, inference_config, deployment_config,
            deployment_target=deployment_target, overwrite=overwrite, show_output=show_output,
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

    @staticmethod
    def deserialize(workspace: "modelyard.Workspace", model_payload: Mapping[str, Any]) -> "Model":
        """The model that ``serialize`` described, read from the workspace."""
        if "id" not in model_payload:
            raise WebserviceException("The payload has no 'id', so it describes no model.")
        return Model(workspace, id=str(model_payload["id"]))

    @staticmethod
    def _of(workspace: "modelyard.Workspace", facts: wire.Model) -> "Model":
        return Model(workspace, _found=facts)

    _check_framework = staticmethod(check_framework)


def _nobody(_: Any) -> None:
    return None


Items = list
