"""Azure: ``azureml.core.environment``."""

from modelyard.sdk.conda_dependencies import CondaDependencies as CondaDependencies
from modelyard.sdk.environment_sections import ContainerRegistry as ContainerRegistry
from modelyard.sdk.environment_sections import DockerSection as DockerSection
from modelyard.sdk.environment_sections import PythonSection as PythonSection
from modelyard.sdk.environment_sections import SparkSection as SparkSection
from modelyard.sdk.environments import Environment as Environment
from modelyard.sdk.image_builds import ImageBuildDetails as ImageBuildDetails
