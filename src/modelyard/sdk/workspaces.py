"""Workspaces."""

import getpass
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import modelyard
from modelyard.domain.errors import NotFound
from modelyard.domain.names import check_name
from modelyard.sdk import workspace_config
from modelyard.sdk.client import Client, path
from modelyard.sdk.errors import WorkspaceException, not_supported, raised_as
from modelyard.sdk.launch import connect
from modelyard.sdk.telemetry import Telemetry
from modelyard.sdk.views import View
from modelyard.sdk.workspace_later import LaterInWorkspace
from modelyard.wire import workspaces as wire

_KEPT = ("subscription_id", "resource_group", "location", "sku", "friendly_name", "description")


class Workspace(LaterInWorkspace):
    """
    A named home of experiments, models, environments and services.

    The constructor looks an existing one up. What scripts say of the cloud (subscription, resource
    group, location) is kept and shown, never used.
    """

    def __init__(
        self,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        workspace_name: str | None = None,
        auth: Any = None,
        _location: str | None = None,
        _disable_service_check: bool = False,
        _workspace_id: str | None = None,
        sku: str = "basic",
        tags: dict[str, str] | None = None,
        _cloud: str = "AzureCloud",
        *,
        _client: Client | None = None,
        _found: wire.Workspace | None = None,
    ) -> None:
        del auth, sku, tags, _location, _disable_service_check, _workspace_id, _cloud
        if workspace_name is None and _found is None:
            raise WorkspaceException("Workspace needs workspace_name; or say Workspace.get(name).")
        with raised_as(WorkspaceException):
            self._client = _client or connect()
            self._facts = _found or _read(self._client, str(workspace_name))
        asked = {"subscription_id": subscription_id, "resource_group": resource_group}
        self._cloud = {**self._facts.cloud, **{k: v for k, v in asked.items() if v}}

    @property
    def telemetry(self) -> Telemetry:
        """Requests, logs and metrics of its services and jobs, asked in SQL or KQL."""
        return Telemetry(self._client, self.name)

    @staticmethod
    def create(
        name: str,
        auth: Any = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        tags: Mapping[str, str] | None = None,
        friendly_name: str | None = None,
        *_unused: Any,
        exist_ok: bool = False,
        show_output: bool = True,
        **cloud: Any,
    ) -> "Workspace":
        """
        Make a workspace; with ``exist_ok`` one of that name is given back.

        Raises ``WorkspaceException`` when the name is taken or against its rule.
        """
        del auth, create_resource_group
        said = {**cloud, "subscription_id": subscription_id, "resource_group": resource_group,
                "location": location, "sku": sku, "friendly_name": friendly_name}  # fmt: skip
        with raised_as(WorkspaceException):
            client = connect()
            request = wire.WorkspaceRequest(
                name=check_name("workspace", name),
                tags=texts(tags),
                cloud={k: str(v) for k, v in said.items() if v is not None},
                exist_ok=exist_ok,
            )
            found = client.send("POST", "/workspaces", request, wire.Workspace)
        if show_output:
            print(f"Workspace {name} is ready.")
        return Workspace(_client=client, _found=found)

    @staticmethod
    def get(
        name: str,
        auth: Any = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        cloud: str = "AzureCloud",
        id: str | None = None,
    ) -> "Workspace":
        """The workspace of that name. Raises ``WorkspaceException`` when there is none."""
        del location, cloud, id
        return Workspace(subscription_id, resource_group, name, auth)

    @staticmethod
    def from_config(
        path: str | None = None,
        auth: Any = None,
        _logger: Any = None,
        _file_name: str | None = None,
    ) -> "Workspace":
        """The workspace that the nearest ``.azureml/config.json`` names."""
        content = workspace_config.read(path, _file_name)
        return Workspace(
            content.get("subscription_id"), content.get("resource_group"),
            content["workspace_name"], auth,
        )  # fmt: skip

    @staticmethod
    def list(
        subscription_id: str | None = None, auth: Any = None, resource_group: str | None = None
    ) -> "dict[str, Items[Workspace]]":
        """All workspaces, by name; each in a list of its own, as Azure gives them."""
        with raised_as(WorkspaceException):
            client = connect()
            found = [*client.items("/workspaces", wire.Workspace)]
        return {w.name: [Workspace(_client=client, _found=w)] for w in found}

    @staticmethod
    def setup() -> "Workspace":
        """The configured workspace; without one, the workspace 'default', made when missing."""
        if workspace_config.find(Path(), workspace_config.FILE_NAME):
            return Workspace.from_config()
        return Workspace.create("default", exist_ok=True, show_output=False)

    def write_config(self, path: str | None = None, file_name: str | None = None) -> None:
        """Write ``.azureml/config.json``, which ``from_config`` reads."""
        workspace_config.write(path, file_name, {
            "subscription_id": self.subscription_id,
            "resource_group": self.resource_group,
            "workspace_name": self.name,
        })  # fmt: skip

    def delete(self, delete_dependent_resources: bool = False, no_wait: bool = False) -> None:
        """
        Remove it with all that it holds; also its services with ``delete_dependent_resources``.

        Raises ``WorkspaceException`` while it has services.
        """
        with raised_as(WorkspaceException):
            if delete_dependent_resources:
                for service in modelyard.Webservice.list(self):
                    service.delete()
            self._client.tell("DELETE", path("workspaces", self.name))

    def update(
        self,
        friendly_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        """Change friendly name, description or tags; the details that hold then."""
        said = {"friendly_name": friendly_name, "description": description}
        new = {k: v for k, v in said.items() if v is not None}
        change = wire.WorkspaceChange(
            tags=None if tags is None else texts(tags),
            cloud={**self._facts.cloud, **new} if new else None,
        )
        with raised_as(WorkspaceException):
            self._facts = self._client.send(
                "PATCH", path("workspaces", self.name), change, wire.Workspace
            )
        self._cloud.update(new)
        return self.get_details()

    def get_details(self) -> dict[str, Any]:
        """What is known of it, under Azure's names."""
        return {
            "id": self._facts.id,
            "name": self.name,
            "location": self.location,
            "type": "Microsoft.MachineLearningServices/workspaces",
            "tags": self.tags,
            "sku": self.sku,
            "workspaceid": self._facts.id,
            "description": self._cloud.get("description", ""),
            "friendlyName": self._cloud.get("friendly_name", self.name),
            "creationTime": self._facts.created.isoformat(),
            "discoveryUrl": self.discovery_url,
            "url": self._client.url,
        }

    def get_run(self, run_id: str) -> "modelyard.Run":
        """The run of that id."""
        return modelyard.Run.get(self, run_id)

    def get_mlflow_tracking_uri(self, _with_auth: bool = False) -> str:
        """Not there yet."""
        raise not_supported("The MLflow API", "Log with run.log() and read with get_metrics().")

    @property
    def name(self) -> str:
        return self._facts.name

    @property
    def subscription_id(self) -> str:
        return self._cloud.get("subscription_id", "")

    @property
    def resource_group(self) -> str:
        return self._cloud.get("resource_group", "")

    @property
    def location(self) -> str:
        return self._cloud.get("location", "local")

    @property
    def sku(self) -> str:
        return self._cloud.get("sku", "basic")

    @property
    def tags(self) -> dict[str, str]:
        return dict(self._facts.tags)

    @property
    def discovery_url(self) -> str:
        return f"{self._client.url}/discovery"

    @property
    def service_context(self) -> Client:
        """The HTTP client that everything of this workspace goes through."""
        return self._client

    @property
    def experiments(self) -> "View[modelyard.Experiment]":
        return View(lambda: {e.name: e for e in modelyard.Experiment.list(self)})

    @property
    def models(self) -> "View[modelyard.Model]":
        return View(lambda: {m.name: m for m in modelyard.Model.list(self, latest=True)})

    @property
    def environments(self) -> "View[modelyard.Environment]":
        return View(lambda: modelyard.Environment.list(self))

    @property
    def webservices(self) -> "View[modelyard.Webservice]":
        return View(lambda: {s.name: s for s in modelyard.Webservice.list(self)})

    @property
    def compute_targets(self) -> "View[modelyard.ComputeTarget]":
        return View(lambda: {c.name: c for c in modelyard.ComputeTarget.list(self)})

    @property
    def images(self) -> "View[modelyard.Image]":
        # oldest first, so that the latest version of a name stays
        return View(lambda: {i.name: i for i in reversed(modelyard.Image.list(self))})

    def __repr__(self) -> str:
        return f"Workspace(name={self.name!r}, url={self._client.url!r})"


def _read(client: Client, name: str) -> wire.Workspace:
    try:
        return client.get(path("workspaces", name), wire.Workspace)
    except NotFound as error:
        # a config.json of Azure names a workspace that nobody has made here yet
        raise NotFound(
            f"There is no workspace {name!r} in the Modelyard at {client.url}. Make it once: "
            f"Workspace.create({name!r}), or 'modelyard workspace create {name}'."
        ) from error


def texts(values: Mapping[str, Any] | None) -> dict[str, str]:
    """Tags or properties with their keys and values as text."""
    return {str(k): "" if v is None else str(v) for k, v in (values or {}).items()}


def wanted(values: Mapping[str, str], asked: Iterable[Any] | Mapping[str, Any] | None) -> bool:
    """Whether tags fit a filter: ``{'k': 'v'}``, ``['k', ['k', 'v']]`` or ``'k'``."""
    for key, value in _pairs(asked):
        if key not in values or (value is not None and values[key] != value):
            return False
    return True


def _pairs(asked: Any) -> Iterable[tuple[str, str | None]]:
    if asked is None:
        return
    if isinstance(asked, str):
        asked = [asked]
    if isinstance(asked, Mapping):
        asked = asked.items()
    for item in asked:
        if isinstance(item, str):
            yield item, None
        else:
            key, value = item
            yield str(key), None if value is None else str(value)


def user_name() -> str:
    """Who calls, as the system knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


Items = list
