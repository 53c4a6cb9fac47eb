"""Azure: ``azureml.core.model``."""

from modelyard.azureml._later import later
from modelyard.sdk.inference import InferenceConfig as InferenceConfig
from modelyard.sdk.models import Model as Model

ModelPackage = later("ModelPackage", "Deploy the model with Model.deploy.")
