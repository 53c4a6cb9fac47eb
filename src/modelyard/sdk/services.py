"""Web services: the base class, which is also the native service."""

from collections.abc import Mapping, Sequence
from typing import Any

import modelyard
from modelyard.domain.errors import NotFound
from modelyard.domain.predictors import Batching
from modelyard.sdk import deploying
from modelyard.sdk.client import Client, path
from modelyard.sdk.errors import (
    WebserviceException,
    not_supported,
    raised_as,
)
from modelyard.sdk.feedback import FeedbackCalls
from modelyard.sdk.service_changes import ChangesService
from modelyard.sdk.service_configuration import WebserviceDeploymentConfiguration
from modelyard.sdk.workspaces import wanted
from modelyard.wire import services as wire

_CLASSES = {"ACI": "AciWebservice", "AKS": "AksWebservice", "AKSENDPOINT": "AksEndpoint",
            "Local": "LocalWebservice"}  # fmt: skip


class Webservice(FeedbackCalls, ChangesService):
    """
    A deployed model behind one address.

    ``Webservice(workspace, name)`` looks one up and is of the class it was deployed with. Raises
    ``WebserviceException`` (``WebserviceNotFound``) when there is none.
    """

    _inference_config: Any = None

    def __new__(
        cls, workspace: "modelyard.Workspace", name: str, *_: Any, **__: Any
    ) -> "Webservice":
        facts = _find(workspace, name)
        found = _class_of(facts)
        # asked for by a more general name it is of its own class, else of the one asked for
        made = super().__new__(found if issubclass(found, cls) else cls)
        made._facts = facts
        return made

    def __init__(self, workspace: "modelyard.Workspace", name: str) -> None:
        del name
        self.workspace = workspace
        self._client: Client = workspace.service_context

    @classmethod
    def _of(
        cls,
        workspace: "modelyard.Workspace",
        facts: wire.Service,
        kind: "type[Webservice] | None" = None,
    ) -> "Webservice":
        found = _class_of(facts)
        made = object.__new__(found if kind is None or issubclass(found, kind) else kind)
        made._facts = facts
        Webservice.__init__(made, workspace, facts.name)
        return made

    # --- deploying and finding

    @staticmethod
    def deploy_configuration(
        *,
        auth_enabled: bool | None = None,
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        gpu_cores: int | None = None,
        workers: int | None = None,
        scoring_timeout: float | None = None,
        queue_limit: int | None = None,
        queue_wait: float | None = None,
        body_limit: int | None = None,
        init_timeout: float | None = None,
        cors_origins: Sequence[str] | None = None,
        batching: Batching | None = None,
        tracebacks: bool | None = None,
        detect_failures: bool | None = None,
        nan: str | None = None,
        preload: bool | None = None,
        fronts: int | None = None,
        collect_model_data: bool | None = None,
        max_workers: int | None = None,
        target_utilization: float | None = None,
        refresh: float | None = None,
        concurrency: int | None = None,
        idle_timeout: float | None = None,
        cold_start_timeout: float | None = None,
        compute_target_name: str | None = None,
        token_auth_enabled: bool | None = None,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        primary_key: str | None = None,
        secondary_key: str | None = None,
    ) -> WebserviceDeploymentConfiguration:
        """
        How a native service runs (Azure's has no such method); keys are on unless switched off.

        Times in seconds, sizes in bytes. ``tracebacks`` puts the traceback of a failed call into
        its answer; ``detect_failures`` counts an answer that is the text of an exception as
        failed; ``nan`` 'null' or 'error' is what becomes of NaN in JSON; ``preload`` loads the
        model once and forks the workers; ``fronts`` is the number of front processes;
        ``collect_model_data`` keeps inputs and outputs (``service.inputs``).

        ``max_workers`` has ``workers`` grow up to it, by ``target_utilization`` (0.7), looked at
        every ``refresh`` (1) seconds; ``concurrency`` (1) requests may wait at a worker.
        ``idle_timeout``: after so many seconds without a request no worker runs; the next request
        starts them and waits up to ``cold_start_timeout`` (120). ``token_auth_enabled``: callers
        send tokens (``get_access_token``) in place of keys.
        """
        return WebserviceDeploymentConfiguration(
            auth_enabled=auth_enabled, cpu_cores=cpu_cores, memory_gb=memory_gb,
            gpu_cores=gpu_cores, workers=workers, scoring_timeout=scoring_timeout,
            queue_limit=queue_limit, queue_wait=queue_wait, body_limit=body_limit,
            init_timeout=init_timeout,
            cors_origins=None if cors_origins is None else [*cors_origins], batching=batching,
            tracebacks=tracebacks, detect_failures=detect_failures, nan=nan, preload=preload,
            fronts=fronts, collect_model_data=collect_model_data, max_workers=max_workers,
            target_utilization=target_utilization, refresh=refresh, concurrency=concurrency,
            idle_timeout=idle_timeout, cold_start_timeout=cold_start_timeout,
            compute_target_name=compute_target_name, token_auth_enabled=token_auth_enabled,
            tags=tags,
            properties=properties, description=description,
            primary_key=primary_key, secondary_key=secondary_key,
        )  # fmt: skip

    @staticmethod
    def deploy(
        workspace: "modelyard.Workspace",
        name: str,
        model_paths: Sequence[str],
        image_config: Any,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> "Webservice":
        """Register the files under their names and deploy them."""
        models = [
            modelyard.Model.register(workspace, p, str(p).rstrip("/").rsplit("/", 1)[-1])
            for p in model_paths
        ]
        return deploying.deploy(
            workspace, name, models, image_config, _azure(deployment_config),
            deployment_target=deployment_target, overwrite=overwrite,
        )  # fmt: skip

    @staticmethod
    def deploy_from_model(
        workspace: "modelyard.Workspace",
        name: str,
        models: Sequence[Any],
        image_config: Any,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> "Webservice":
        """Deploy registered models."""
        return deploying.deploy(
            workspace, name, models, image_config, _azure(deployment_config),
            deployment_target=deployment_target, overwrite=overwrite,
        )  # fmt: skip

    @staticmethod
    def deploy_from_image(
        workspace: "modelyard.Workspace",
        name: str,
        image: "modelyard.Image",
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> "Webservice":
        """Deploy what an image holds."""
        with raised_as(WebserviceException):
            return deploying.send(
                workspace, name, image.content,
                deploying.checked_configuration(_azure(deployment_config)),
                deployment_target=deployment_target, overwrite=overwrite,
            )  # fmt: skip

    @staticmethod
    def deploy_local_from_model(
        workspace: "modelyard.Workspace",
        name: str,
        models: Sequence[Any],
        image_config: Any,
        deployment_config: Any = None,
        wait: bool = False,
    ) -> "Webservice":
        """Deploy on a port of its own."""
        service = deploying.deploy(
            workspace, name, models, image_config,
            deployment_config or modelyard.LocalWebservice.deploy_configuration(), overwrite=True,
        )  # fmt: skip
        if wait:
            service.wait_for_deployment(show_output=True)
        return service

    @staticmethod
    def check_for_existing_webservice(
        workspace: "modelyard.Workspace", name: str, overwrite: bool = False, *_: Any, **__: Any
    ) -> bool:
        """Whether there is one of that name. Raises when there is, unless ``overwrite``."""
        try:
            _find(workspace, name)
        except WebserviceException as error:
            if isinstance(error, NotFound):
                return False
            raise
        if not overwrite:
            raise WebserviceException(
                f"There is a service {name!r} already. Pass overwrite=True or another name."
            )
        return True

    @staticmethod
    def list(
        workspace: "modelyard.Workspace",
        compute_type: str | None = None,
        image_name: str | None = None,
        image_id: str | None = None,
        model_name: str | None = None,
        model_id: str | None = None,
        tags: Any = None,
        properties: Any = None,
        image_digest: str | None = None,
    ) -> "Items[Webservice]":
        """Services of the workspace that fit all filters."""
        if image_name or image_id or image_digest:
            raise not_supported("Filtering services by image", "Filter by model_name or tags.")
        with raised_as(WebserviceException):
            found = [*workspace.service_context.items(
                path("workspaces", workspace.name, "services"), wire.Service
            )]  # fmt: skip
        return [
            Webservice._of(workspace, s)
            for s in found
            if (compute_type is None or s.kind.lower() == compute_type.lower())
            and (model_name is None or model_name in {m.split(":")[0] for m in s.models})
            and (model_id is None or model_id in s.models)
            and wanted(s.tags, tags)
            and wanted(s.properties, properties)
        ]

    @classmethod
    def deserialize(
        cls, workspace: "modelyard.Workspace", webservice_payload: Mapping[str, Any]
    ) -> "Webservice":
        """The service that ``serialize`` described, read from the workspace."""
        if "name" not in webservice_payload:
            raise WebserviceException("The payload has no 'name', so it describes no service.")
        return Webservice(workspace, str(webservice_payload["name"]))


def _find(workspace: "modelyard.Workspace", name: str) -> wire.Service:
    with raised_as(WebserviceException):
        try:
            return workspace.service_context.get(
                path("workspaces", workspace.name, "services", name), wire.Service
            )
        except NotFound as error:
            raise NotFound(
                f"WebserviceNotFound: {error.message}", details=error.details
            ) from error


def _class_of(facts: wire.Service) -> type[Webservice]:
    several = "Endpoint" if len(facts.versions) > 1 else None
    name = _CLASSES.get(facts.kind, several)
    found: type[Webservice] = Webservice if name is None else getattr(modelyard, name)
    return found


def _azure(deployment_config: Any) -> Any:
    """Azure's default: without a configuration these calls make an ACI service."""
    if deployment_config is None:
        return modelyard.AciWebservice.deploy_configuration()
    return deployment_config


Items = list
