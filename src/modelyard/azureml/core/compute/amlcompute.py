"""Azure: ``azureml.core.compute.amlcompute``."""

from modelyard.azureml._later import COMPUTE, later

AmlCompute = later("AmlCompute", COMPUTE)
