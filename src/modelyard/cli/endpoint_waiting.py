"""Following a version until it answers."""

import time
from collections.abc import Callable

from modelyard.cli import deployments
from modelyard.cli.output import remark
from modelyard.domain.errors import DeploymentFailed
from modelyard.sdk.client import Client, path
from modelyard.wire.services import Version

SWITCHING = "takes all traffic as soon as it is ready"
"""The note of a version that is to take over."""


def versions_at(ws: str, service: str, *more: str) -> str:
    """Where the API has the versions of a service, or one of them."""
    return path("workspaces", ws, "services", service, "versions", *more)


def find_version(client: Client, ws: str, service: str, name: str) -> Version:
    """Raises ``NotFound`` with near names."""
    return client.get(versions_at(ws, service, name), Version)


def wait(client: Client, version: Version, tell: Callable[[str], None] = remark) -> Version:
    """
    The version when it is no longer on its way, and has taken over where it was to.

    Says what is being waited for. Raises ``DeploymentFailed`` when it did not come up.
    """
    step = ""
    try:
        while version.state == "Transitioning" or _switches(version):
            if version.step != step:
                step = version.step
                tell(f"{version.name}: {step}")
                deployments.show_build(client, version, step, tell)
            time.sleep(deployments.POLL)  # noqa: TID251 - polls a server
            version = find_version(client, version.workspace, version.service, version.name)
    except KeyboardInterrupt:
        tell(
            "\nThe deployment goes on. Look at it: modelyard endpoint show "
            f"{version.service} {version.name}"
        )
        raise
    check(version)
    return version


def check(version: Version) -> None:
    """Raises ``DeploymentFailed`` for one that did not come up."""
    if version.state != "Failed":
        return
    others = "" if version.traffic else " Traffic stays as it was."
    why = deployments.explained(version.error or {})
    raise DeploymentFailed(
        f"Version {version.name!r} of {version.service!r} failed.{others}\n{why}"
    )


def _switches(version: Version) -> bool:
    return version.state == "Healthy" and SWITCHING in version.notes
