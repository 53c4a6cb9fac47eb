"""Azure: ``azureml.exceptions``."""

from modelyard.sdk.errors import ActivityFailedException as ActivityFailedException
from modelyard.sdk.errors import AuthenticationException as AuthenticationException
from modelyard.sdk.errors import AzureMLException as AzureMLException
from modelyard.sdk.errors import ComputeTargetException as ComputeTargetException
from modelyard.sdk.errors import DatasetTimestampMissingError as DatasetTimestampMissingError
from modelyard.sdk.errors import ExperimentExecutionException as ExperimentExecutionException
from modelyard.sdk.errors import ImageException as ImageException
from modelyard.sdk.errors import ModelNotFoundException as ModelNotFoundException
from modelyard.sdk.errors import NotSupportedException as NotSupportedException
from modelyard.sdk.errors import OperationCanceledException as OperationCanceledException
from modelyard.sdk.errors import ProjectSystemException as ProjectSystemException
from modelyard.sdk.errors import RunEnvironmentException as RunEnvironmentException
from modelyard.sdk.errors import TrainingException as TrainingException
from modelyard.sdk.errors import UserErrorException as UserErrorException
from modelyard.sdk.errors import WebserviceException as WebserviceException
from modelyard.sdk.errors import WorkspaceException as WorkspaceException
