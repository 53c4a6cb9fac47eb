"""Azure: ``azureml.core.compute.aks``."""

from modelyard.sdk.aks_compute import AksAttachConfiguration as AksAttachConfiguration
from modelyard.sdk.aks_compute import AksCompute as AksCompute
from modelyard.sdk.aks_compute import (
    AksProvisioningConfiguration as AksProvisioningConfiguration,
)
from modelyard.sdk.aks_compute import AksUpdateConfiguration as AksUpdateConfiguration
from modelyard.sdk.aks_compute import SslConfiguration as SslConfiguration
