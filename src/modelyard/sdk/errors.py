"""
Azure's exceptions, so that the ``except`` clauses of old scripts catch what they meant.

What is raised is both: Azure's class of the noun and the error of ``modelyard.domain.errors``.

AzureMLException
├── UserErrorException
│   ├── RunEnvironmentException
│   └── DatasetTimestampMissingError
├── WebserviceException
│   └── ModelNotFoundException
├── WorkspaceException
├── ComputeTargetException
├── ActivityFailedException
├── ExperimentExecutionException
├── ProjectSystemException
├── ImageException
├── TrainingException
├── OperationCanceledException
├── AuthenticationException
└── NotSupportedException
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from modelyard.domain.errors import ModelyardError, NotFound, NotSupported


class AzureMLException(ModelyardError):
    """The root of Azure's tree; ``message``, ``code`` and ``details`` are those of ours."""

    def __init__(
        self,
        exception_message: str = "",
        inner_exception: BaseException | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        super().__init__(exception_message, details=details)
        self.inner_exception = inner_exception


class UserErrorException(AzureMLException):
    """What the caller gave cannot be used."""

    code = "bad_input"


class RunEnvironmentException(UserErrorException):
    """There is no run around this process."""


class DatasetTimestampMissingError(UserErrorException):
    """A dataset has no timestamp column."""


class WebserviceException(AzureMLException):
    """A service, its model or its deployment."""

    def __init__(self, exception_message: str = "", status_code: Any = None, **more: Any) -> None:
        super().__init__(exception_message, **more)
        self.status_code = status_code


class ModelNotFoundException(WebserviceException, NotFound):
    """There is no such model, neither in the folder nor in the workspace."""

    code = "not_found"


class WorkspaceException(AzureMLException):
    """A workspace."""


class ComputeTargetException(AzureMLException):
    """A compute target."""


class ActivityFailedException(AzureMLException):
    """A run that was waited for failed."""


class ExperimentExecutionException(AzureMLException):
    """A run could not be started."""


class ProjectSystemException(AzureMLException):
    """A project folder."""


class ImageException(WebserviceException):
    """An image."""


class TrainingException(AzureMLException):
    """Training."""


class OperationCanceledException(AzureMLException):
    """What was asked for has been cancelled."""


class AuthenticationException(AzureMLException):
    """A token that was not taken."""


class NotSupportedException(AzureMLException, NotSupported, NotImplementedError):
    """Azure has it, Modelyard does not; the message says what to use."""

    code = "not_supported"


def _both(base: type[AzureMLException], kind: type[ModelyardError]) -> type[AzureMLException]:
    if issubclass(base, kind):
        return base
    if (base, kind) in _made:
        return _made[base, kind]
    bases = (base,) if issubclass(kind, AzureMLException) else (base, kind)
    made = type(base.__name__, bases, {"code": kind.code, "__module__": base.__module__})
    return _made.setdefault((base, kind), made)


_made: dict[tuple[type[AzureMLException], type[ModelyardError]], type[AzureMLException]] = {}


def as_azure(error: ModelyardError, base: type[AzureMLException]) -> AzureMLException:
    """The error as Azure's class of the noun and as its own at once."""
    if isinstance(error, AzureMLException):
        return error
    raised = _both(base, type(error))(error.message, details=error.details)
    raised.inner_exception = error
    return raised


@contextmanager
def raised_as(base: type[AzureMLException]) -> Iterator[None]:
    """Raise our errors inside also as Azure's class."""
    try:
        yield
    except AzureMLException:
        raise
    except ModelyardError as error:
        # the error inside says nothing more, and two tracebacks would hide the sentence
        raise as_azure(error, base) from None


def not_supported(what: str, instead: str) -> NotSupportedException:
    """The error of something that Azure has; ``instead`` is a sentence on what to use."""
    return NotSupportedException(f"{what} is not supported by Modelyard. {instead}")
