"""Azure: ``azureml.core.keyvault``."""

from modelyard.azureml._later import later

Keyvault = later("Keyvault", "Pass secrets as environment variables.")
