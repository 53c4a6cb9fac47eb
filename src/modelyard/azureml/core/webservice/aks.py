"""Azure: ``azureml.core.webservice.aks``."""

from modelyard.azureml._later import later
from modelyard.sdk.aks import (
    AksServiceDeploymentConfiguration as AksServiceDeploymentConfiguration,
)
from modelyard.sdk.aks import AksWebservice as AksWebservice

AksEndpoint = later("AksEndpoint", "Use AksWebservice: one version behind one address.")
