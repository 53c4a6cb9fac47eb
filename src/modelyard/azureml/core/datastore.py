"""Azure: ``azureml.core.datastore``."""

from modelyard.azureml._later import DATA, later

Datastore = later("Datastore", DATA)
