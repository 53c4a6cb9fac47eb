"""Azure: ``azureml.core.profile``."""

from modelyard.azureml._later import later

ModelProfile = later("ModelProfile", "Deploy the model and measure with requests of your own.")
