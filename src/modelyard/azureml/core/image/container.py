"""Azure: ``azureml.core.image.container``."""

from modelyard.sdk.image_configuration import ContainerImageConfig as ContainerImageConfig
from modelyard.sdk.images import ContainerImage as ContainerImage
