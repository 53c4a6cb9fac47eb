"""What is known of an AmlCompute's nodes, in Azure's words."""

from datetime import datetime
from typing import Any

from modelyard.wire.computes import Compute


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

    def __init__(
        self, facts: Compute, scale_settings: ScaleSettings, running: int, vm: tuple[str, str]
    ) -> None:
        """``vm``: size and priority."""
        self.allocation_state = "Steady"
        self.allocation_state_transition_time: datetime = facts.updated
        self.creation_time: datetime = facts.created
        self.modified_time: datetime = facts.updated
        self.current_node_count = running
        self.target_node_count = running
        self.errors: list[Any] = []
        self.node_state_counts = AmlComputeNodeStateCounts(running)
        self.provisioning_state = facts.state
        self.provisioning_state_transition_time: datetime | None = None
        self.scale_settings = scale_settings
        self.vm_size, self.vm_priority = vm

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
