"""From models, a scoring script and a configuration to a service."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import modelyard
from modelyard.domain.errors import AlreadyExists, BadInput
from modelyard.domain.names import check_name
from modelyard.sdk import folders, transfer
from modelyard.sdk.client import Client, path
from modelyard.sdk.errors import WebserviceException, not_supported, raised_as
from modelyard.sdk.service_configuration import WebserviceDeploymentConfiguration
from modelyard.wire import services as wire


def deploy(
    workspace: "modelyard.Workspace",
    name: str,
    models: Sequence[Any] | None,
    inference_config: Any,
    deployment_config: Any,
    *,
    overwrite: bool = False,
    show_output: bool = False,
) -> "modelyard.Webservice":
    """
    Ask for the service; it comes up in the background.

    ``inference_config`` is an ``InferenceConfig`` or a ``ContainerImageConfig``. Raises
    ``WebserviceException``.
    """
    configuration = checked_configuration(deployment_config)
    with raised_as(WebserviceException):
        check_name("service", name)
        if inference_config is None:
            raise no_code(models)
        client = workspace.service_context
        ids, local = models_of(client, models)
        made = content(client, inference_config, show_output=show_output)
        made.models, made.local_models = ids, local
        configuration.remember(inference_config)
        service = send(workspace, name, made, configuration, overwrite=overwrite)
        service._inference_config = inference_config
        return service


def send(
    workspace: "modelyard.Workspace",
    name: str,
    content_: wire.Content,
    configuration: WebserviceDeploymentConfiguration,
    *,
    overwrite: bool,
) -> "modelyard.Webservice":
    """Send the request; the service in its own class."""
    content_.limits, content_.serving = configuration.limits(), configuration.serving()
    request = wire.ServiceRequest(name=name, content=content_, overwrite=overwrite)
    configuration.fill(request)
    target = path("workspaces", workspace.name, "services")
    try:
        facts = workspace.service_context.send("POST", target, request, wire.Service)
    except AlreadyExists as error:
        raise AlreadyExists(
            f"There is a service {name!r} already in workspace {workspace.name!r}. Pass "
            "overwrite=True to replace what it serves, update it, or delete it first.",
            details=error.details,
        ) from error
    return modelyard.Webservice._of(workspace, facts)


def content(client: Client, config: Any, *, show_output: bool = False) -> wire.Content:
    """The script and its environment, sent; models and limits are still missing."""
    if not hasattr(config, "source") or not hasattr(config, "definition"):
        raise BadInput(
            f"inference_config must be an InferenceConfig, not a {type(config).__name__}."
        )
    source = config.source()
    digest = transfer.upload(
        client, source.bundle, "Uploading the source", show_output=show_output
    )
    return wire.Content(
        source=digest,
        entry_script=source.entry_script,
        source_name=source.name,
        environment=config.definition(),
    )


def models_of(
    client: Client, models: Sequence[Any] | None
) -> tuple[list[str], list[wire.LocalModel]]:
    """Ids of registered models; files that are not registered, sent, as version 0."""
    if isinstance(models, str | modelyard.Model):
        raise BadInput("models must be a list: write [model].")
    ids: list[str] = []
    local: list[wire.LocalModel] = []
    for model in models or ():
        if isinstance(model, modelyard.Model):
            ids.append(model.id)
        elif isinstance(model, str | Path) and Path(model).exists():
            bundle = folders.bundle_of(Path(model))
            digest = transfer.upload(client, bundle, f"Uploading {model}")
            local.append(wire.LocalModel(name=Path(model).resolve().name, manifest=digest))
        elif isinstance(model, str):
            ids.append(model)
        else:
            raise BadInput(
                f"{model!r} in models is neither a Model, nor 'name:version', nor a path."
            )
    return ids, local


def checked_configuration(value: Any) -> WebserviceDeploymentConfiguration:
    """The configuration; a native one without. Raises ``WebserviceException``."""
    if value is None:
        return WebserviceDeploymentConfiguration()
    if not isinstance(value, WebserviceDeploymentConfiguration):
        raise WebserviceException(
            "deployment_config must come from deploy_configuration() of AciWebservice, "
            f"AksWebservice or LocalWebservice; it is a {type(value).__name__}."
        )
    return value


def no_code(models: Sequence[Any] | None) -> Exception:
    """The error of deploying without a scoring script."""
    named = ", ".join(str(getattr(m, "id", m)) for m in models or ()) or "no models"
    return not_supported(
        f"Deploying {named} without an inference_config",
        "Write a score.py with init() and run(data) and pass "
        'InferenceConfig("score.py", environment=...).',
    )
