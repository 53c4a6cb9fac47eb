"""Azure: ``azureml.core.image.image``."""

from modelyard.sdk.image_configuration import ContainerImageConfig
from modelyard.sdk.images import Image as Image

ImageConfig = ContainerImageConfig
"""The parent of all image configurations; there is one kind."""
