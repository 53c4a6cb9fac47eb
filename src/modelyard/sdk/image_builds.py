"""The build of an environment, as it is watched."""

from typing import Any

from modelyard.domain.errors import EnvironmentBuildFailed
from modelyard.sdk.builds import follow
from modelyard.sdk.client import Client, path
from modelyard.sdk.errors import ActivityFailedException, as_azure, raised_as
from modelyard.wire.environments import Build


class ImageBuildDetails:
    """A build that was asked for; ``status`` is Queued, Running, Succeeded or Failed."""

    def __init__(self, client: Client, workspace: str, build: Build) -> None:
        self._client = client
        self._workspace = workspace
        self._build = build

    @property
    def status(self) -> str:
        """The state as the server knows it now."""
        with raised_as(ActivityFailedException):
            self._build = self._client.get(self._path, Build)
        return self._build.state

    @property
    def build(self) -> Build:
        """Everything the server said of it last: notes, requirements, packages."""
        return self._build

    def get_log(self) -> str:
        """The log so far."""
        with raised_as(ActivityFailedException):
            return self._client.request("GET", f"{self._path}/log").data.decode(errors="replace")

    def wait_for_completion(self, show_output: bool = True) -> "ImageBuildDetails":
        """
        Wait until it has ended, printing its log as it grows.

        Raises ``ActivityFailedException`` with the resolver's own message.
        """
        tell = (lambda line: print(line, flush=True)) if show_output else _nobody
        with raised_as(ActivityFailedException):
            self._build = follow(self._client, self._workspace, self._build.digest, tell)
        if self._build.state == "Failed":
            error = EnvironmentBuildFailed(
                self._build.error or "The environment could not be built.",
                details={"digest": self._build.digest},
            )
            raise as_azure(error, ActivityFailedException)
        if show_output:
            print(f"Environment build {self._build.digest[:12]}: {self._build.state}")
        return self

    @property
    def _path(self) -> str:
        return path("workspaces", self._workspace, "builds", self._build.digest)

    def __repr__(self) -> str:
        return (
            f"ImageBuildDetails(digest={self._build.digest[:12]!r}, state={self._build.state!r})"
        )


def _nobody(_: Any) -> None:
    return None
