"""Azure: ``azureml.core.webservice.webservice``."""

from modelyard.sdk.access_tokens import WebServiceAccessToken as WebServiceAccessToken
from modelyard.sdk.service_configuration import (
    WebserviceDeploymentConfiguration as WebserviceDeploymentConfiguration,
)
from modelyard.sdk.services import Webservice as Webservice
