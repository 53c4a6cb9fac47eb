"""
Every error of Modelyard, one stable ``code`` each.

ModelyardError
├── BadInput                 bad_input
│   ├── BadName              bad_name
│   ├── BadArchive           bad_archive
│   ├── BadEnvironment       bad_environment
│   └── TooLarge             too_large
├── Unauthenticated          unauthenticated
├── Forbidden                forbidden
├── NotFound                 not_found
├── Conflict                 conflict
│   ├── AlreadyExists        already_exists
│   ├── InUse                in_use
│   ├── Immutable            immutable
│   └── NotLeader            not_leader
├── NoCapacity               no_capacity
├── EnvironmentBuildFailed   environment_build_failed
├── DeploymentFailed         deployment_failed
├── GatewayFailed            gateway_failed
├── DiskFull                 disk_full
├── Unavailable              unavailable
├── Timeout                  timeout
├── MissingExtra             missing_extra
└── NotSupported             not_supported
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class ModelyardError(Exception):
    """
    What went wrong, naming the thing and the way out.

    ``details`` holds JSON-able facts for programs (a field's path, a log's tail, a limit).
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details or {}


class BadInput(ModelyardError):
    """A value that was sent cannot be used; the message says which and what is allowed."""

    code = "bad_input"


class BadName(BadInput):
    """A name against its rule."""

    code = "bad_name"


class BadArchive(BadInput):
    """An archive with a member that could leave its folder (``..``, links, devices), or torn."""

    code = "bad_archive"


class BadEnvironment(BadInput):
    """An environment definition that cannot be understood: a broken file, an unknown package."""

    code = "bad_environment"


class TooLarge(BadInput):
    """A body or file over the limit."""

    code = "too_large"


class Unauthenticated(ModelyardError):
    """No token, or one that is not (or no longer) known."""

    code = "unauthenticated"


class Forbidden(ModelyardError):
    """The token's role does not allow this."""

    code = "forbidden"


class NotFound(ModelyardError):
    """There is nothing of that name."""

    code = "not_found"


class Conflict(ModelyardError):
    """What is asked does not fit the present state."""

    code = "conflict"


class AlreadyExists(Conflict):
    """Something of that name is there already."""

    code = "already_exists"


class InUse(Conflict):
    """It cannot go because something else needs it; the message names what."""

    code = "in_use"


class Immutable(Conflict):
    """A value that may be set only once is set already."""

    code = "immutable"


class NotLeader(Conflict):
    """This process lost the leader lease and must not write any more."""

    code = "not_leader"


class NoCapacity(ModelyardError):
    """More is asked than the machine has; the message names its real size."""

    code = "no_capacity"


class EnvironmentBuildFailed(ModelyardError):
    """Packages could not be resolved or installed; the message is the resolver's own."""

    code = "environment_build_failed"


class DeploymentFailed(ModelyardError):
    """A service version did not come up; details hold type, file, line, traceback and log."""

    code = "deployment_failed"


class GatewayFailed(ModelyardError):
    """The gateway refused its configuration or does not answer."""

    code = "gateway_failed"


class DiskFull(ModelyardError):
    """There is no room left on the disk; nothing was half-written."""

    code = "disk_full"


class Unavailable(ModelyardError):
    """The server (or a part of it) does not answer; trying again later may help."""

    code = "unavailable"


class Timeout(ModelyardError):
    """Something did not happen within the time it was given."""

    code = "timeout"


class MissingExtra(ModelyardError):
    """A package of an optional extra is not installed; the message names the extra."""

    code = "missing_extra"


class NotSupported(ModelyardError):
    """Azure has it, Modelyard does not; the message says what to use."""

    code = "not_supported"


def _tree(root: type[ModelyardError]) -> dict[str, type[ModelyardError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


BY_CODE: Mapping[str, type[ModelyardError]] = _tree(ModelyardError)
"""The class of each code, so that a client raises again what the server raised."""
