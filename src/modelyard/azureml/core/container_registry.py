"""Azure: ``azureml.core.container_registry``."""

from modelyard.sdk.environment_sections import ContainerRegistry as ContainerRegistry
