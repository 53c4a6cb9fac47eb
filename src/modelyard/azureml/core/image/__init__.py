"""Azure: ``azureml.core.image``."""

from modelyard.azureml.core.image.image import ImageConfig as ImageConfig
from modelyard.sdk.images import ContainerImage as ContainerImage
from modelyard.sdk.images import Image as Image
