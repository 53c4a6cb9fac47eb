"""Azure: ``azureml.core.webservice.local``."""

from modelyard.sdk.local_services import LocalWebservice as LocalWebservice
from modelyard.sdk.local_services import (
    LocalWebserviceDeploymentConfiguration as LocalWebserviceDeploymentConfiguration,
)
