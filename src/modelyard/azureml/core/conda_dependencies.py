"""Azure: ``azureml.core.conda_dependencies``."""

from modelyard.sdk.conda_dependencies import PYTHON_DEFAULT_VERSION as PYTHON_DEFAULT_VERSION
from modelyard.sdk.conda_dependencies import CondaDependencies as CondaDependencies

DEFAULT_SDK_ORIGIN = CondaDependencies.sdk_origin_url()
