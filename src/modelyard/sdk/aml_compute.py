"""AmlCompute: where Azure's scripts run jobs; here a named share of the machine."""

from collections.abc import Iterator
from typing import Any

import modelyard
from modelyard.sdk.aml_status import AmlComputeStatus, ScaleSettings
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


class AmlCompute(ComputeTarget):
    """A share of the machine that jobs run on."""

    _compute_type = "AmlCompute"

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        vm_priority: str = "dedicated",
        min_nodes: int = 0,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int = _IDLE,
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
        vm = (self.vm_size, self.vm_priority)
        return AmlComputeStatus(self._facts, self.scale_settings, len(self._running()), vm)

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
