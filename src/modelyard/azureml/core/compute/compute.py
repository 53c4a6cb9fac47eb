"""Azure: ``azureml.core.compute.compute``."""

from modelyard.sdk.compute_configuration import (
    ComputeTargetAttachConfiguration as ComputeTargetAttachConfiguration,
)
from modelyard.sdk.compute_configuration import (
    ComputeTargetProvisioningConfiguration as ComputeTargetProvisioningConfiguration,
)
from modelyard.sdk.compute_configuration import (
    ComputeTargetUpdateConfiguration as ComputeTargetUpdateConfiguration,
)
from modelyard.sdk.computes import ComputeTarget as ComputeTarget
