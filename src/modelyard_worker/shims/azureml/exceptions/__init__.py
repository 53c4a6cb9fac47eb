"""Azure's tree of exceptions, for scripts that catch them."""

from azureml._common.exceptions import (
    ActivityFailedException,
    AzureMLException,
    ComputeTargetException,
    DatasetTimestampMissingError,
    ExperimentExecutionException,
    ModelNotFoundException,
    ProjectSystemException,
    RunEnvironmentException,
    UserErrorException,
    WebserviceException,
    WorkspaceException,
)

__all__ = [
    "ActivityFailedException",
    "AzureMLException",
    "ComputeTargetException",
    "DatasetTimestampMissingError",
    "ExperimentExecutionException",
    "ModelNotFoundException",
    "ProjectSystemException",
    "RunEnvironmentException",
    "UserErrorException",
    "WebserviceException",
    "WorkspaceException",
]
