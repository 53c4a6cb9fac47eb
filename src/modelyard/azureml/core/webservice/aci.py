"""Azure: ``azureml.core.webservice.aci``."""

from modelyard.sdk.aci import (
    AciServiceDeploymentConfiguration as AciServiceDeploymentConfiguration,
)
from modelyard.sdk.aci import AciWebservice as AciWebservice
