"""Azure: ``azureml.core.compute.amlcompute``."""

from modelyard.sdk.aml_compute import AmlCompute as AmlCompute
from modelyard.sdk.aml_compute import AmlComputeNodeStateCounts as AmlComputeNodeStateCounts
from modelyard.sdk.aml_compute import (
    AmlComputeProvisioningConfiguration as AmlComputeProvisioningConfiguration,
)
from modelyard.sdk.aml_compute import AmlComputeStatus as AmlComputeStatus
from modelyard.sdk.aml_compute import ScaleSettings as ScaleSettings
