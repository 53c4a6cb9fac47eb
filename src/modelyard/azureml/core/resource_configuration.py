"""Azure: ``azureml.core.resource_configuration``."""

from modelyard.sdk.resources import ResourceConfiguration as ResourceConfiguration
