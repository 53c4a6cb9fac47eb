"""Azure: ``azureml.core.runconfig``."""

from modelyard.azureml._later import COMPUTE, later
from modelyard.sdk.environment_sections import ContainerRegistry as ContainerRegistry
from modelyard.sdk.environments import Environment as Environment
from modelyard.sdk.run_configuration import RunConfiguration as RunConfiguration

DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04"
MpiConfiguration = later("MpiConfiguration", COMPUTE)
PyTorchConfiguration = later("PyTorchConfiguration", COMPUTE)
TensorflowConfiguration = later("TensorflowConfiguration", COMPUTE)
DockerConfiguration = later("DockerConfiguration", "Scripts run without a container.")
