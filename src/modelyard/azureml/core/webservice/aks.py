"""Azure: ``azureml.core.webservice.aks``."""

from modelyard.sdk.access_tokens import AksServiceAccessToken as AksServiceAccessToken
from modelyard.sdk.aks import (
    AksServiceDeploymentConfiguration as AksServiceDeploymentConfiguration,
)
from modelyard.sdk.aks import AksWebservice as AksWebservice
from modelyard.sdk.aks_endpoints import AksEndpoint as AksEndpoint
from modelyard.sdk.aks_endpoints import (
    AksEndpointDeploymentConfiguration as AksEndpointDeploymentConfiguration,
)
