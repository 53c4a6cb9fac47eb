"""AmlCompute: where Azure's scripts run jobs; here a named share of the machine."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import modelyard
from modelyard.sdk.client import path
from modelyard.sdk.compute_configuration import (
    ComputeTargetProvisioningConfiguration,
    whole_above,
)
from modelyard.sdk.computes import ComputeTarget
from modelyard.sdk.errors import ComputeTargetException, not_supported, raised_as
from modelyard.wire.computes import ComputeChange, ComputeRequest
from modelyard.wire.runs import Run

_NODES = 4
_IDLE = 1800


class AmlComputeProvisioningConfiguration(ComputeTargetProvisioningConfiguration):
    """What ``AmlCompute.provisioning_configuration`` gives."""

    kind = "AmlCompute"

    def validate_configuration(self) -> None:
        """Raises ``ComputeTargetException`` for what cannot be."""
        check_nodes(self.said)
        if self.said.get("vm_priority") not in (None, "dedicated", "lowpriority"):
            raise ComputeTargetException(
                "Invalid configuration, vm_priority must be 'dedicated' or 'lowpriority', "
                f"not {self.said['vm_priority']!r}."
            )

    def request(self, name: str) -> ComputeRequest:
        """What is sent."""
        made = super().request(name)
        made.nodes = max(1, self.said.get("max_nodes") or _NODES)
        return made


class ScaleSettings:
    """How many nodes, and the seconds after which one that idles would go."""

    def __init__(
        self,
        minimum_node_count: int,
        maximum_node_count: int,
        idle_seconds_before_scaledown: int,
    ) -> None:
        self.minimum_node_count = minimum_node_count
        self.maximum_node_count = maximum_node_count
        self.idle_seconds_before_scaledown = idle_seconds_before_scaledown

    def serialize(self) -> dict[str, Any]:
        """Under Azure's keys."""
        idle = f"PT{self.idle_seconds_before_scaledown}S"
        return {"minNodeCount": self.minimum_node_count, "maxNodeCount": self.maximum_node_count,
                "nodeIdleTimeBeforeScaleDown": idle}  # fmt: skip


class AmlComputeNodeStateCounts:
    """How many nodes are in which state: one runs for each job, none idles."""

    def __init__(self, running: int) -> None:
        self.idle_node_count = 0
        self.leaving_node_count = 0
        self.preempted_node_count = 0
        self.preparing_node_count = 0
        self.running_node_count = running
        self.unusable_node_count = 0

    def serialize(self) -> dict[str, int]:
        """Under Azure's keys."""
        return {"idleNodeCount": 0, "leavingNodeCount": 0, "preemptedNodeCount": 0,
                "preparingNodeCount": 0, "runningNodeCount": self.running_node_count,
                "unusableNodeCount": 0}  # fmt: skip


class AmlComputeStatus:
    """What ``AmlCompute.get_status`` gives."""

    def __init__(self, target: "AmlCompute", running: int) -> None:
        self.allocation_state = "Steady"
        self.allocation_state_transition_time: datetime = target.modified_on
        self.creation_time: datetime = target.created_on
        self.modified_time: datetime = target.modified_on
        self.current_node_count = running
        self.target_node_count = running
        self.errors: list[Any] = []
        self.node_state_counts = AmlComputeNodeStateCounts(running)
        self.provisioning_state = target.provisioning_state
        self.provisioning_state_transition_time: datetime | None = None
        self.scale_settings = target.scale_settings
        self.vm_priority = target.vm_priority
        self.vm_size = target.vm_size

    def serialize(self) -> dict[str, Any]:
        """Under Azure's keys."""
        return {
            "currentNodeCount": self.current_node_count,
            "targetNodeCount": self.target_node_count,
            "nodeStateCounts": self.node_state_counts.serialize(),
            "allocationState": self.allocation_state,
            "allocationStateTransitionTime": self.allocation_state_transition_time.isoformat(),
            "errors": None,
            "creationTime": self.creation_time.isoformat(),
            "modifiedTime": self.modified_time.isoformat(),
            "provisioningState": self.provisioning_state,
            "provisioningStateTransitionTime": None,
            "scaleSettings": self.scale_settings.serialize(),
            "vmPriority": self.vm_priority,
            "vmSize": self.vm_size,
        }


class AmlCompute(ComputeTarget):
    """A share of the machine that jobs run on."""

    _compute_type = "AmlCompute"

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        vm_priority: str = "dedicated",
        min_nodes: int = 0,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int | None = None,
        admin_username: str | None = None,
        admin_user_password: str | None = None,
        admin_user_ssh_key: str | None = None,
        vnet_resourcegroup_name: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
        tags: Any = None,
        description: str | None = None,
        remote_login_port_public_access: str = "NotSpecified",
        identity_type: str | None = None,
        identity_id: Any = None,
        location: str | None = None,
        enable_node_public_ip: bool = True,
    ) -> AmlComputeProvisioningConfiguration:
        """
        A target of ``max_nodes`` (4 unless said) machines of ``vm_size``, sized as those of AKS.

        Nothing runs for it while no job does, so ``min_nodes`` and idle seconds are only kept.
        """
        return AmlComputeProvisioningConfiguration(
            vm_size=vm_size or None, vm_priority=vm_priority, min_nodes=min_nodes,
            max_nodes=max_nodes, idle_seconds_before_scaledown=idle_seconds_before_scaledown,
            admin_username=admin_username, admin_user_password=admin_user_password,
            admin_user_ssh_key=admin_user_ssh_key,
            vnet_resourcegroup_name=vnet_resourcegroup_name, vnet_name=vnet_name,
            subnet_name=subnet_name, tags=tags, description=description,
            remote_login_port_public_access=remote_login_port_public_access,
            identity_type=identity_type, identity_id=identity_id, location=location,
            enable_node_public_ip=enable_node_public_ip,
        )  # fmt: skip

    @property
    def vm_size(self) -> str:
        return str(self._said("vm_size") or "")

    @property
    def vm_priority(self) -> str:
        return str(self._said("vm_priority") or "dedicated")

    @property
    def scale_settings(self) -> ScaleSettings:
        """How many nodes were asked for."""
        return ScaleSettings(
            int(self._said("min_nodes") or 0),
            self._facts.nodes or _NODES,
            int(self._said("idle_seconds_before_scaledown") or _IDLE),
        )

    def wait_for_completion(  # type: ignore[override]  # Azure's own order of arguments
        self,
        show_output: bool = False,
        min_node_count: int | None = None,
        timeout_in_minutes: float = 25,
        is_delete_operation: bool = False,
        **_: Any,
    ) -> None:
        """Nothing to wait for; prints Azure's words."""
        del min_node_count, timeout_in_minutes
        super().wait_for_completion(show_output, is_delete_operation)

    def get(self) -> dict[str, Any]:
        """What is known of it, read anew."""
        self.refresh_state()
        return self.serialize()

    def get_status(self) -> AmlComputeStatus:
        """Its state and how many jobs run on it."""
        self.refresh_state()
        return AmlComputeStatus(self, len(self._running()))

    @property
    def status(self) -> AmlComputeStatus:
        """The same as ``get_status()``."""
        return self.get_status()

    def update(
        self,
        min_nodes: int | None = None,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int | None = None,
    ) -> None:
        """Other numbers of nodes. Raises ``ComputeTargetException``."""
        said = {"min_nodes": min_nodes, "max_nodes": max_nodes,
                "idle_seconds_before_scaledown": idle_seconds_before_scaledown}  # fmt: skip
        present = self.scale_settings
        check_nodes({
            "min_nodes": present.minimum_node_count if min_nodes is None else min_nodes,
            "max_nodes": present.maximum_node_count if max_nodes is None else max_nodes,
            "idle_seconds_before_scaledown": idle_seconds_before_scaledown,
        })  # fmt: skip
        kept = {k: v for k, v in said.items() if v is not None}
        nodes = None if max_nodes is None else max(1, max_nodes)
        self._change(ComputeChange(configuration=kept, nodes=nodes))

    def list_nodes(self) -> list[dict[str, Any]]:
        """One for each job that runs on it now."""
        return [
            {"nodeId": f"node-{number}", "nodeState": "running", "runId": run.id, "port": None,
             "privateIpAddress": "127.0.0.1", "publicIpAddress": None}
            for number, run in enumerate(self._running())
        ]  # fmt: skip

    def get_active_runs(
        self,
        type: str | None = None,
        tags: Any = None,
        properties: Any = None,
        status: str | None = None,
    ) -> Iterator[Any]:
        """Runs on it that have not ended; of one ``status`` where one is given."""
        del tags, properties
        for run in self._running(status, type):
            yield modelyard.Run.get(self.workspace, run.id)

    def add_identity(self, *_: Any, **__: Any) -> None:
        raise not_supported("AmlCompute.add_identity", "Jobs run as the user of the server.")

    def remove_identity(self, *_: Any, **__: Any) -> None:
        raise not_supported("AmlCompute.remove_identity", "Jobs run as the user of the server.")

    @staticmethod
    def supported_vmsizes(*_: Any, **__: Any) -> Any:
        raise not_supported(
            "AmlCompute.supported_vmsizes", "Any name is taken: all is the server's machine."
        )

    @staticmethod
    def list_usages(*_: Any, **__: Any) -> Any:
        raise not_supported("AmlCompute.list_usages", "Use 'modelyard status'.")

    @staticmethod
    def list_quotas(*_: Any, **__: Any) -> Any:
        raise not_supported("AmlCompute.list_quotas", "There are no quotas: it is your machine.")

    @staticmethod
    def update_quotas(*_: Any, **__: Any) -> Any:
        raise not_supported("AmlCompute.update_quotas", "There are no quotas: it is your machine.")

    def _finished(self) -> str:
        return (
            "AmlCompute wait for completion finished\n\n"
            "Minimum number of nodes requested have been provisioned"
        )

    def _running(self, status: str | None = None, type: str | None = None) -> list[Run]:
        asked = {"status": status or "Running", "type": type}
        with raised_as(ComputeTargetException):
            runs = self._client.items(path("workspaces", self.workspace.name, "runs"), Run, asked)
            return [run for run in runs if run.target == self.name]


def check_nodes(said: dict[str, Any]) -> None:
    """Raises ``ComputeTargetException`` for numbers of nodes that cannot be."""
    whole_above(said, "min_nodes", 0)
    whole_above(said, "max_nodes", 0)
    whole_above(said, "idle_seconds_before_scaledown", 0)
    least, most = said.get("min_nodes"), said.get("max_nodes")
    if least is not None and least > (_NODES if most is None else most):
        raise ComputeTargetException(
            f"Invalid configuration, min_nodes {least} is above max_nodes {most or _NODES}."
        )
