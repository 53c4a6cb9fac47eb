"""
Azure's exceptions.

AzureMLException
├── UserErrorException
│   └── DatasetTimestampMissingError
├── WebserviceException
├── ComputeTargetException
├── ModelNotFoundException
├── RunEnvironmentException
├── ActivityFailedException
├── ExperimentExecutionException
├── ProjectSystemException
└── WorkspaceException
"""

from __future__ import annotations

from typing import Any, Optional


class AzureMLException(Exception):
    """Every error of the SDK; ``message`` is its text."""

    def __init__(
        self, exception_message: str, inner_exception: Optional[Exception] = None, **_: Any
    ) -> None:
        super().__init__(exception_message)
        self.message = exception_message
        self.inner_exception = inner_exception


class UserErrorException(AzureMLException):
    """What was asked for cannot be done as it was asked."""


class DatasetTimestampMissingError(UserErrorException):
    """The dataset has no timestamp column."""


class WebserviceException(AzureMLException):
    """A web service could not be deployed, found or called."""


class ComputeTargetException(AzureMLException):
    """A compute target could not be made or found."""


class ModelNotFoundException(AzureMLException):
    """There is no model of that name and version."""


class RunEnvironmentException(AzureMLException):
    """There is no run around this script."""


class ActivityFailedException(AzureMLException):
    """A run has failed."""


class ExperimentExecutionException(AzureMLException):
    """An experiment could not be submitted."""


class ProjectSystemException(AzureMLException):
    """A folder of the project cannot be used."""


class WorkspaceException(AzureMLException):
    """A workspace could not be made or found."""
