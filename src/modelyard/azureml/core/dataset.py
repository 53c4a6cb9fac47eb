"""Azure: ``azureml.core.dataset``."""

from modelyard.azureml._later import DATA, later

Dataset = later("Dataset", DATA)
