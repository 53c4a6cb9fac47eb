"""Doing what a plan says, in an order in which nobody who asks meets a gap."""

from collections.abc import Callable

from modelyard.cli.apply_parts import APPLIED, merged
from modelyard.cli.apply_plan import Plan, VersionStep, auth_of
from modelyard.cli.apply_wanted import Wanted, texts
from modelyard.cli.deployments import at
from modelyard.cli.endpoint_file import EndpointFile
from modelyard.cli.endpoint_waiting import find_version, versions_at, wait
from modelyard.domain.errors import DeploymentFailed
from modelyard.sdk.client import Client, path
from modelyard.sdk.transfer import upload
from modelyard.wire.endpoints import VersionChange, VersionRequest
from modelyard.wire.services import Service, ServiceRequest, Traffic, Version


class Steps:
    """``run`` does all; what cannot be done raises, and nothing after it is begun."""

    def __init__(
        self, client: Client, ws: str, file: EndpointFile, tell: Callable[[str], None]
    ) -> None:
        self._client = client
        self._ws = ws
        self._file = file
        self._tell = tell

    def run(self, plan: Plan) -> None:
        """
        Versions first, each until it is healthy, then traffic, removals at the end.

        Raises ``DeploymentFailed`` for a version that does not come up: traffic is as it was.
        """
        name = self._file.name
        for step in plan.versions:
            self._version(step, create=step.wanted.name == plan.create)
        if plan.service is not None:
            self._client.send("PATCH", at(self._ws, name), plan.service, Service)
        if plan.traffic is not None:
            target = at(self._ws, name) + "/traffic"
            self._client.send("PATCH", target, plan.traffic, Traffic)
            self._tell("traffic is shared out as the file says")
        for version in plan.remove:
            self._client.tell("DELETE", versions_at(self._ws, name, version))
            self._tell(f"{version}: is being deleted")

    def remember(self, versions: list[Wanted]) -> None:
        """Keep with each version what the file spoke of, for the next one that does not."""
        for wanted in versions:
            version = find_version(self._client, self._ws, self._file.name, wanted.name)
            said = sorted(wanted.said)
            if version.configuration.get(APPLIED) != said:
                self._change(wanted.name, VersionChange(configuration={APPLIED: said}))

    def _version(self, step: VersionStep, *, create: bool) -> None:
        wanted = step.wanted
        if step.content and wanted.files is not None:
            upload(self._client, wanted.files, f"Uploading the files of {wanted.name}")
        if create:
            self._create(wanted)
        elif step.new:
            self._add(wanted)
        else:
            self._update(step)
        version = find_version(self._client, self._ws, self._file.name, wanted.name)
        try:
            done = wait(self._client, version, self._tell)
        except DeploymentFailed as error:
            error.message += "\nThe file was not applied further: nothing of traffic was changed."
            error.args = (error.message,)
            raise
        self._tell(f"{wanted.name}: {done.state}")

    def _create(self, wanted: Wanted) -> None:
        file = self._file
        request = ServiceRequest(
            name=file.name, content=wanted.content, auth=auth_of(file) or "key",
            description=file.description or "", tags=texts(file.tags),
            version=wanted.name, compute=file.compute or "",
        )  # fmt: skip
        self._client.send("POST", path("workspaces", self._ws, "services"), request, Service)
        marks = VersionChange(
            description=wanted.description or None, tags=dict(wanted.tags) or None,
            is_control=wanted.control,
        )  # fmt: skip
        if marks != VersionChange():
            self._change(wanted.name, marks)

    def _add(self, wanted: Wanted) -> None:
        request = VersionRequest(
            name=wanted.name, content=wanted.content, description=wanted.description,
            tags=dict(wanted.tags), is_control=bool(wanted.control), inherit=False,
        )  # fmt: skip
        self._client.send("POST", versions_at(self._ws, self._file.name), request, Version)

    def _update(self, step: VersionStep) -> None:
        wanted, parts = step.wanted, step.parts
        change = VersionChange(
            description=parts.get("description"), tags=parts.get("tags"),
            is_control=parts.get("control"),
        )  # fmt: skip
        if step.content:
            version = find_version(self._client, self._ws, self._file.name, wanted.name)
            change.content = merged(wanted.content, version, parts)
        self._change(wanted.name, change)

    def _change(self, version: str, change: VersionChange) -> None:
        self._client.send(
            "PATCH", versions_at(self._ws, self._file.name, version), change, Version
        )
