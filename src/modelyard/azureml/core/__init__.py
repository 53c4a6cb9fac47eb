"""Azure: ``azureml.core``."""

from modelyard.azureml._later import DATA, later
from modelyard.azureml.core.compute import ComputeTarget as ComputeTarget
from modelyard.azureml.core.container_registry import ContainerRegistry as ContainerRegistry
from modelyard.azureml.core.dataset import Dataset as Dataset
from modelyard.azureml.core.datastore import Datastore as Datastore
from modelyard.azureml.core.keyvault import Keyvault as Keyvault
from modelyard.azureml.core.run import get_run as get_run
from modelyard.azureml.core.script_run import ScriptRun as ScriptRun
from modelyard.sdk.conda_dependencies import CondaDependencies as CondaDependencies
from modelyard.sdk.environments import Environment as Environment
from modelyard.sdk.experiments import Experiment as Experiment
from modelyard.sdk.images import Image as Image
from modelyard.sdk.models import Model as Model
from modelyard.sdk.resources import ResourceConfiguration as ResourceConfiguration
from modelyard.sdk.run_configuration import RunConfiguration as RunConfiguration
from modelyard.sdk.runs import Run as Run
from modelyard.sdk.script_runs import ScriptRunConfig as ScriptRunConfig
from modelyard.sdk.services import Webservice as Webservice
from modelyard.sdk.workspaces import Workspace as Workspace

VERSION = "1.61.0"
"""The release of Azure's SDK whose names and meanings these are."""

__version__ = VERSION
LinkedService = later("LinkedService", DATA)
