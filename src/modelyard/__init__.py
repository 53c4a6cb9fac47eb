"""
Modelyard: Azure Machine Learning's SDK v1, on your own machines.

Every public name is imported from here and loaded when it is first used, so that
``import modelyard`` costs next to nothing.
"""

from importlib import import_module

# type checkers take this for true; importing typing would cost more than all the rest
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelyard.domain.errors import ModelyardError as ModelyardError
    from modelyard.domain.predictors import Batching as Batching
    from modelyard.sdk.aci import AciWebservice as AciWebservice
    from modelyard.sdk.aks import AksWebservice as AksWebservice
    from modelyard.sdk.aks_compute import AksCompute as AksCompute
    from modelyard.sdk.aks_endpoints import AksEndpoint as AksEndpoint
    from modelyard.sdk.aml_compute import AmlCompute as AmlCompute
    from modelyard.sdk.authentication import (
        AzureCliAuthentication as AzureCliAuthentication,
    )
    from modelyard.sdk.authentication import (
        InteractiveLoginAuthentication as InteractiveLoginAuthentication,
    )
    from modelyard.sdk.authentication import MsiAuthentication as MsiAuthentication
    from modelyard.sdk.authentication import (
        ServicePrincipalAuthentication as ServicePrincipalAuthentication,
    )
    from modelyard.sdk.client import Client as Client
    from modelyard.sdk.computes import ComputeTarget as ComputeTarget
    from modelyard.sdk.conda_dependencies import CondaDependencies as CondaDependencies
    from modelyard.sdk.endpoints import Endpoint as Endpoint
    from modelyard.sdk.environments import Environment as Environment
    from modelyard.sdk.experiments import Experiment as Experiment
    from modelyard.sdk.images import ContainerImage as ContainerImage
    from modelyard.sdk.images import Image as Image
    from modelyard.sdk.inference import InferenceConfig as InferenceConfig
    from modelyard.sdk.local_services import LocalWebservice as LocalWebservice
    from modelyard.sdk.models import Model as Model
    from modelyard.sdk.resources import ResourceConfiguration as ResourceConfiguration
    from modelyard.sdk.rollouts import Metric as Metric
    from modelyard.sdk.rollouts import Rollout as Rollout
    from modelyard.sdk.run_configuration import RunConfiguration as RunConfiguration
    from modelyard.sdk.runs import Run as Run
    from modelyard.sdk.script_runs import ScriptRunConfig as ScriptRunConfig
    from modelyard.sdk.services import Webservice as Webservice
    from modelyard.sdk.workspaces import Workspace as Workspace

_HOMES = {
    "AciWebservice": "modelyard.sdk.aci",
    "AksCompute": "modelyard.sdk.aks_compute",
    "AksEndpoint": "modelyard.sdk.aks_endpoints",
    "AksWebservice": "modelyard.sdk.aks",
    "AmlCompute": "modelyard.sdk.aml_compute",
    "AzureCliAuthentication": "modelyard.sdk.authentication",
    "Batching": "modelyard.domain.predictors",
    "Client": "modelyard.sdk.client",
    "ComputeTarget": "modelyard.sdk.computes",
    "CondaDependencies": "modelyard.sdk.conda_dependencies",
    "ContainerImage": "modelyard.sdk.images",
    "Endpoint": "modelyard.sdk.endpoints",
    "Environment": "modelyard.sdk.environments",
    "Experiment": "modelyard.sdk.experiments",
    "Image": "modelyard.sdk.images",
    "InferenceConfig": "modelyard.sdk.inference",
    "InteractiveLoginAuthentication": "modelyard.sdk.authentication",
    "LocalWebservice": "modelyard.sdk.local_services",
    "Metric": "modelyard.sdk.rollouts",
    "Model": "modelyard.sdk.models",
    "ModelyardError": "modelyard.domain.errors",
    "MsiAuthentication": "modelyard.sdk.authentication",
    "ResourceConfiguration": "modelyard.sdk.resources",
    "Rollout": "modelyard.sdk.rollouts",
    "Run": "modelyard.sdk.runs",
    "RunConfiguration": "modelyard.sdk.run_configuration",
    "ScriptRunConfig": "modelyard.sdk.script_runs",
    "ServicePrincipalAuthentication": "modelyard.sdk.authentication",
    "Webservice": "modelyard.sdk.services",
    "Workspace": "modelyard.sdk.workspaces",
}

__all__ = [
    "AciWebservice",
    "AksCompute",
    "AksEndpoint",
    "AksWebservice",
    "AmlCompute",
    "AzureCliAuthentication",
    "Batching",
    "Client",
    "ComputeTarget",
    "CondaDependencies",
    "ContainerImage",
    "Endpoint",
    "Environment",
    "Experiment",
    "Image",
    "InferenceConfig",
    "InteractiveLoginAuthentication",
    "LocalWebservice",
    "Metric",
    "Model",
    "ModelyardError",
    "MsiAuthentication",
    "ResourceConfiguration",
    "Rollout",
    "Run",
    "RunConfiguration",
    "ScriptRunConfig",
    "ServicePrincipalAuthentication",
    "Webservice",
    "Workspace",
    "__version__",
]


def __getattr__(name: str) -> "Any":
    if name == "__version__":
        value: Any = import_module("importlib.metadata").version("modelyard")
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'modelyard' has no name {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
