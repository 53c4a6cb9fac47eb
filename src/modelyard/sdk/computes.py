"""Compute targets: on this server each is a named share of its machine."""

from collections.abc import Mapping
from typing import Any

import modelyard
from modelyard.domain.errors import NotFound
from modelyard.domain.names import check_name
from modelyard.sdk.client import Client, path
from modelyard.sdk.compute_configuration import (
    ComputeTargetAttachConfiguration,
    ComputeTargetProvisioningConfiguration,
)
from modelyard.sdk.compute_facts import ComputeFacts
from modelyard.sdk.errors import ComputeTargetException, not_supported, raised_as
from modelyard.wire import computes as wire

_CLASSES = {"AKS": "AksCompute", "AmlCompute": "AmlCompute"}


class ComputeTarget(ComputeFacts):
    """
    A named share of the server's machine, as Azure's scripts make and attach them.

    ``ComputeTarget(workspace, name)`` looks one up and is of its kind's class. Raises
    ``ComputeTargetException`` (``ComputeTargetNotFound``) when there is none.
    """

    _compute_type: str | None = None

    def __new__(
        cls, workspace: "modelyard.Workspace", name: str, *_: Any, **__: Any
    ) -> "ComputeTarget":
        facts = _find(workspace, name)
        found = _class_of(facts)
        if not issubclass(found, cls):
            raise ComputeTargetException(
                f"The compute target {name!r} is of type {facts.kind}, not {cls._compute_type}: "
                f"say {found.__name__}(ws, {name!r})."
            )
        made = super().__new__(found)
        made._facts = facts
        return made

    def __init__(self, workspace: "modelyard.Workspace", name: str) -> None:
        del name
        self.workspace = workspace
        self._client: Client = workspace.service_context

    @classmethod
    def _of(cls, workspace: "modelyard.Workspace", facts: wire.Compute) -> "ComputeTarget":
        made = object.__new__(_class_of(facts))
        made._facts = facts
        ComputeTarget.__init__(made, workspace, facts.name)
        return made

    # --- making and finding

    @staticmethod
    def create(
        workspace: "modelyard.Workspace", name: str, provisioning_configuration: Any
    ) -> "ComputeTarget":
        """
        Make one; there at once. One of that name made in the same words is given back.

        Raises ``ComputeTargetException`` when the name is taken by another, or against its rule.
        """
        if not isinstance(provisioning_configuration, ComputeTargetProvisioningConfiguration):
            raise ComputeTargetException(
                "provisioning_configuration must come from provisioning_configuration() of "
                f"AksCompute or AmlCompute; it is a {type(provisioning_configuration).__name__}."
            )
        return _made(workspace, provisioning_configuration.request(name))

    @staticmethod
    def attach(
        workspace: "modelyard.Workspace", name: str, attach_configuration: Any
    ) -> "ComputeTarget":
        """
        Attach one. No cluster is asked: the target is the server's machine under that name.

        Raises ``ComputeTargetException`` like ``create``.
        """
        if not isinstance(attach_configuration, ComputeTargetAttachConfiguration):
            raise ComputeTargetException(
                "attach_configuration must come from AksCompute.attach_configuration(); it is a "
                f"{type(attach_configuration).__name__}."
            )
        return _made(workspace, attach_configuration.request(name))

    @staticmethod
    def list(workspace: "modelyard.Workspace") -> "Items[ComputeTarget]":
        """All of the workspace, by name."""
        with raised_as(ComputeTargetException):
            target = path("workspaces", workspace.name, "computes")
            found = [*workspace.service_context.items(target, wire.Compute)]
        return [ComputeTarget._of(workspace, facts) for facts in found]

    @staticmethod
    def deserialize(
        workspace: "modelyard.Workspace", object_dict: Mapping[str, Any]
    ) -> "ComputeTarget":
        """The target that ``serialize`` described, read from the workspace."""
        if "name" not in object_dict:
            raise ComputeTargetException(
                "The payload has no 'name', so it describes no compute target."
            )
        return ComputeTarget(workspace, str(object_dict["name"]))

    # --- looking

    def get_status(self) -> Any:
        """Its provisioning state."""
        self.refresh_state()
        return self.provisioning_state

    def refresh_state(self) -> None:
        """Read anew what the server knows."""
        with raised_as(ComputeTargetException):
            self._facts = self._client.get(self._path, wire.Compute)

    def wait_for_completion(
        self, show_output: bool = False, is_delete_operation: bool = False, **_: Any
    ) -> None:
        """Nothing to wait for; prints Azure's words and what the server has to say of it."""
        if is_delete_operation:
            words = ["Deleting", "Succeeded", "Delete operation finished"]
        else:
            self.refresh_state()
            words = ["Creating", *self.notes, self.provisioning_state, self._finished()]
        if show_output:
            print(*words, sep="\n")

    # --- ending it

    def delete(self) -> None:
        """
        Remove it. Raises ``ComputeTargetException`` naming the services that are deployed to it.
        """
        with raised_as(ComputeTargetException):
            self._client.tell("DELETE", self._path)
        self._facts.state = "Deleting"

    def detach(self) -> None:
        """The same as ``delete``."""
        self.delete()

    def get_credentials(self) -> Any:
        raise not_supported("AksCompute.get_credentials", "There is no cluster to log in to.")

    def _change(self, change: wire.ComputeChange) -> None:
        with raised_as(ComputeTargetException):
            self._facts = self._client.send("PATCH", self._path, change, wire.Compute)

    def _finished(self) -> str:
        return f'Provisioning operation finished, operation "{self.provisioning_state}"'

    @property
    def _path(self) -> str:
        return path("workspaces", self.workspace.name, "computes", self.name)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(workspace={self.workspace.name!r}, name={self.name!r}, "
            f"provisioning_state={self.provisioning_state!r})"
        )


def target_name(target: Any) -> str:
    """The name of a target given as such or as an object; '' for none."""
    if target is None or isinstance(target, str):
        return target or ""
    name = getattr(target, "name", None)
    if isinstance(name, str):
        return name
    raise ComputeTargetException(
        f"deployment_target must be a ComputeTarget or its name, not a {type(target).__name__}."
    )


def _made(workspace: "modelyard.Workspace", request: wire.ComputeRequest) -> ComputeTarget:
    with raised_as(ComputeTargetException):
        check_name("compute", request.name)
        target = path("workspaces", workspace.name, "computes")
        found = workspace.service_context.send("POST", target, request, wire.Compute)
    return ComputeTarget._of(workspace, found)


def _find(workspace: "modelyard.Workspace", name: str) -> wire.Compute:
    with raised_as(ComputeTargetException):
        try:
            target = path("workspaces", workspace.name, "computes", name)
            return workspace.service_context.get(target, wire.Compute)
        except NotFound as error:
            raise NotFound(
                f"ComputeTargetNotFound: {error.message}", details=error.details
            ) from error


def _class_of(facts: wire.Compute) -> type[ComputeTarget]:
    found: type[ComputeTarget] = getattr(modelyard, _CLASSES.get(facts.kind, "ComputeTarget"))
    return found


Items = list
