"""Azure: ``azureml.core.webservice``."""

from modelyard.sdk.aci import AciWebservice as AciWebservice
from modelyard.sdk.aks import AksWebservice as AksWebservice
from modelyard.sdk.aks_endpoints import AksEndpoint as AksEndpoint
from modelyard.sdk.local_services import LocalWebservice as LocalWebservice
from modelyard.sdk.services import Webservice as Webservice
