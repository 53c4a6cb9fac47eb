"""Azure: ``azureml.core.compute_target``."""

from modelyard.sdk.errors import ComputeTargetException as ComputeTargetException
