"""Azure: ``azureml.core.compute.aks``."""

from modelyard.azureml._later import COMPUTE, later

AksCompute = later("AksCompute", COMPUTE)
