"""Azure: ``azureml.core.compute.amlcompute``."""

from modelyard.sdk.aml_compute import AmlCompute as AmlCompute
from modelyard.sdk.aml_compute import (
    AmlComputeProvisioningConfiguration as AmlComputeProvisioningConfiguration,
)
from modelyard.sdk.aml_status import AmlComputeNodeStateCounts as AmlComputeNodeStateCounts
from modelyard.sdk.aml_status import AmlComputeStatus as AmlComputeStatus
from modelyard.sdk.aml_status import ScaleSettings as ScaleSettings
