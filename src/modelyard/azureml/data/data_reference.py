"""Azure: ``azureml.data.data_reference``."""

from modelyard.azureml._later import DATA, later

DataReference = later("DataReference", DATA)
