"""Azure: ``azureml.core.compute.compute``."""

from modelyard.azureml._later import COMPUTE, later

ComputeTarget = later("ComputeTarget", COMPUTE)
