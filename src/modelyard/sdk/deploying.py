"""From models, a scoring script and a configuration to a service."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

import modelyard
from modelyard.domain.errors import AlreadyExists, BadInput
from modelyard.domain.names import check_name
from modelyard.sdk import folders, transfer
from modelyard.sdk.client import Client, path
from modelyard.sdk.errors import UserErrorException, WebserviceException, raised_as
from modelyard.sdk.service_configuration import WebserviceDeploymentConfiguration
from modelyard.wire import computes, contents
from modelyard.wire import services as wire


def deploy(
    workspace: "modelyard.Workspace",
    name: str,
    models: Sequence[Any] | None,
    inference_config: Any,
    deployment_config: Any,
    *,
    deployment_target: Any = None,
    overwrite: bool = False,
    show_output: bool = False,
) -> "modelyard.Webservice":
    """
    Ask for the service; it comes up in the background.

    ``inference_config`` is an ``InferenceConfig`` or a ``ContainerImageConfig``, or None to serve
    the one model without a script; ``deployment_target`` a ``ComputeTarget`` or its name. Raises
    ``WebserviceException``.
    """
    configuration = checked_configuration(deployment_config)
    compute = configuration.compute(deployment_target)
    if has_no_script(inference_config):
        check_one_model(models)
    with raised_as(WebserviceException):
        check_name("service", name)
        client = workspace.service_context
        check_target(workspace, compute)
        ids, local = models_of(client, models)
        made = content(client, inference_config, show_output=show_output)
        made.models, made.local_models = ids, local
        configuration.remember(inference_config)
        service = send(
            workspace, name, made, configuration, deployment_target=compute, overwrite=overwrite
        )
        service._inference_config = inference_config
        return service


def send(
    workspace: "modelyard.Workspace",
    name: str,
    content_: contents.Content,
    configuration: WebserviceDeploymentConfiguration,
    *,
    deployment_target: Any = None,
    overwrite: bool,
) -> "modelyard.Webservice":
    """Send the request; the service in its own class."""
    batching = content_.serving.batching
    content_.limits, content_.serving = configuration.limits(), configuration.serving()
    if content_.serving.batching is None and batching is not None:
        content_.serving = msgspec.structs.replace(content_.serving, batching=batching)
    request = wire.ServiceRequest(name=name, content=content_, overwrite=overwrite)
    configuration.fill(request)
    request.compute = configuration.compute(deployment_target)
    target = path("workspaces", workspace.name, "services")
    try:
        facts = workspace.service_context.send("POST", target, request, wire.Service)
    except AlreadyExists as error:
        raise AlreadyExists(
            f"There is a service {name!r} already in workspace {workspace.name!r}. Pass "
            "overwrite=True to replace what it serves, update it, or delete it first.",
            details=error.details,
        ) from error
    return modelyard.Webservice._of(workspace, facts, configuration.webservice())


def content(client: Client, config: Any, *, show_output: bool = False) -> contents.Content:
    """The script, if any, and its environment, sent; models and limits are still missing."""
    if config is None:
        return contents.Content()
    if not hasattr(config, "source") or not hasattr(config, "definition"):
        raise BadInput(
            f"inference_config must be an InferenceConfig, not a {type(config).__name__}."
        )
    made = contents.Content(environment=config.definition(), serving=batching_of(config))
    source = config.source()
    if source is not None:
        made.source = transfer.upload(
            client, source.bundle, "Uploading the source", show_output=show_output
        )
        made.entry_script, made.source_name = source.entry_script, source.name
    return made


def batching_of(config: Any) -> contents.ServingOptions:
    """What an inference configuration says of how requests run: whether they run together."""
    asked = getattr(config, "batching", None)
    if asked is None:
        return contents.ServingOptions()
    batching = contents.Batching(max_size=asked.max_size, max_wait_ms=asked.max_wait_ms)
    return contents.ServingOptions(batching=batching)


def check_target(workspace: "modelyard.Workspace", name: str) -> None:
    """Before anything is sent: raises ``WebserviceException`` naming the targets there are."""
    if name:
        with raised_as(WebserviceException):
            workspace.service_context.get(path("workspaces", workspace.name, "computes", name),
                                          computes.Compute)  # fmt: skip


def has_no_script(config: Any) -> bool:
    """Whether a model shall be served without a script."""
    return config is None or getattr(config, "entry_script", "") is None


def models_of(
    client: Client, models: Sequence[Any] | None
) -> tuple[list[str], list[contents.LocalModel]]:
    """Ids of registered models; files that are not registered, sent, as version 0."""
    if isinstance(models, str | modelyard.Model):
        raise BadInput("models must be a list: write [model].")
    ids: list[str] = []
    local: list[contents.LocalModel] = []
    for model in models or ():
        if isinstance(model, modelyard.Model):
            ids.append(model.id)
        elif isinstance(model, str | Path) and Path(model).exists():
            bundle = folders.bundle_of(Path(model))
            digest = transfer.upload(client, bundle, f"Uploading {model}")
            local.append(contents.LocalModel(name=Path(model).resolve().name, manifest=digest))
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
            f"AksWebservice, AksEndpoint or LocalWebservice; it is a {type(value).__name__}."
        )
    return value


def check_one_model(models: Sequence[Any] | None) -> None:
    """Raises ``UserErrorException``, as Azure does, for other than one model."""
    if isinstance(models, list | tuple) and len(models) == 1:
        return
    given = models if isinstance(models, list | tuple) else [models] if models else []
    named = ", ".join(str(getattr(model, "id", model)) for model in given) or "none"
    raise UserErrorException(
        "Without an inference_config exactly one model is served, given as a list: write [model]. "
        f"Given: {named}. For several models write a score.py with init() and run(data) and pass "
        'InferenceConfig("score.py", environment=...).'
    )
