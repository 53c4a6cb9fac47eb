"""Azure: ``azureml.core.image.container``."""

from modelyard.sdk.images import ContainerImage as ContainerImage
from modelyard.sdk.images import ContainerImageConfig as ContainerImageConfig
