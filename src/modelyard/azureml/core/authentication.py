"""Azure: ``azureml.core.authentication``."""

from modelyard.sdk.authentication import AbstractAuthentication as AbstractAuthentication
from modelyard.sdk.authentication import AzureCliAuthentication as AzureCliAuthentication
from modelyard.sdk.authentication import (
    InteractiveLoginAuthentication as InteractiveLoginAuthentication,
)
from modelyard.sdk.authentication import MsiAuthentication as MsiAuthentication
from modelyard.sdk.authentication import (
    ServicePrincipalAuthentication as ServicePrincipalAuthentication,
)
from modelyard.sdk.authentication import TokenAuthentication as TokenAuthentication
