"""The HTTP status of each error, whoever answers."""

from collections.abc import Mapping

from modelyard.domain import errors

STATUSES: Mapping[type[errors.ModelyardError], int] = {
    errors.BadInput: 400,
    errors.BadEnvironment: 422,
    errors.TooLarge: 413,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.NotLeader: 503,
    errors.NoCapacity: 422,
    errors.EnvironmentBuildFailed: 422,
    errors.DeploymentFailed: 422,
    errors.GatewayFailed: 502,
    errors.DiskFull: 507,
    errors.Unavailable: 503,
    errors.Timeout: 504,
    errors.MissingExtra: 501,
    errors.NotSupported: 501,
}
"""The nearest class above an error counts."""


def status_of(
    error: errors.ModelyardError, statuses: Mapping[type[errors.ModelyardError], int] = STATUSES
) -> int:
    """The HTTP status of an error."""
    return next((statuses[kind] for kind in type(error).__mro__ if kind in statuses), 500)
