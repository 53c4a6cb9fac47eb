"""Azure: ``azureml.core.workspace``."""

from modelyard.sdk.workspaces import Workspace as Workspace
