"""How large a compute target is, what a version uses of it, and whether it fits. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.domain.computes import Compute
from modelyard.domain.errors import BadInput
from modelyard.domain.services import RevisionContent
from modelyard.domain.vm_sizes import VmSize, vm_size
from modelyard.usecases.limits import GB, Capacity
from modelyard.wire import computes as wire

KINDS = ("AKS", "AmlCompute")


@dataclass(frozen=True, slots=True)
class Use:
    """Cores and bytes."""

    cpu: float = 0.0
    memory: int = 0


def checked_kind(kind: str) -> str:
    """Azure's word. Raises BadInput naming those there are."""
    for known in KINDS:
        if kind.lower() == known.lower():
            return known
    raise BadInput(
        f"{kind!r} is no kind of compute target here: it must be one of {', '.join(KINDS)}.",
        details={"field": "kind"},
    )


def checked_nodes(nodes: int | None) -> int | None:
    """Raises BadInput for less than one."""
    if nodes is not None and not 1 <= nodes <= 10_000:
        raise BadInput(f"nodes is {nodes}: it must be 1 to 10000.", details={"field": "nodes"})
    return nodes


def checked_size(request: wire.ComputeRequest) -> tuple[float | None, int | None]:
    """
    Cores and bytes that were asked for: as such, or by Azure's name of a machine size, once for
    each node.

    Raises BadInput for what is not above 0.
    """
    for name, value in (("cpu", request.cpu), ("memory_gb", request.memory_gb)):
        if value is not None and not 0 < value < 1e9:
            raise BadInput(f"{name} is {value}: it must be above 0.", details={"field": name})
    if request.cpu is not None or request.memory_gb is not None:
        asked = request.memory_gb
        return request.cpu, None if asked is None else int(asked * GB)
    size, nodes = _named(request.configuration)
    return (None, None) if size is None else (float(size.cores * nodes), size.memory * nodes)


def bounds(
    asked: tuple[float | None, int | None], capacity: Capacity
) -> tuple[float | None, int | None]:
    """What is to be kept of it: as large as the machine or larger means the whole machine."""
    cpu, memory = asked
    return (
        None if cpu is None or cpu >= capacity.cores else cpu,
        None if memory is None or memory >= capacity.memory else memory,
    )


def size_notes(compute: Compute, capacity: Capacity) -> list[str]:
    """What a caller should know of it: that its name promises more than this machine has."""
    size, nodes = _named(compute.configuration)
    name = compute.configuration.get("vm_size")
    if not name:
        return []
    if size is None:
        return [f"The size of {name} is not known here: the target is bounded by this machine."]
    notes = []
    if size.cores * nodes > capacity.cores or size.memory * nodes > capacity.memory:
        notes.append(
            f"{_times(nodes)}{name} is {size.cores * nodes} cores and "
            f"{size.memory * nodes / GB:g} GB; this machine has {capacity.cores:g} cores and "
            f"{capacity.memory / GB:.1f} GB, so the target is bounded by the machine."
        )
    if size.gpus and not capacity.gpus:
        notes.append(f"{name} has a graphics card, this machine has none: models run without.")
    return notes


def use_of(content: RevisionContent) -> Use:
    """
    What a version takes of its target: the limits that were written, for the workers that it has
    always. Those that autoscaling adds take what is free.
    """
    serving, limits = content.serving, content.limits
    share = serving.workers / max(serving.workers, serving.max_workers or 0)
    return Use((limits.cpu or 0.0) * share, int((limits.memory or 0) * share))


def too_small(compute: Compute, asked: Use, used: Use) -> str:
    """Why it does not fit, with what is asked, used and there; '' when it does."""
    lacks = []
    if compute.cpu is not None and used.cpu + asked.cpu > compute.cpu + 1e-9:
        lacks.append(
            f"{asked.cpu:g} cores are asked for, {used.cpu:g} of its {compute.cpu:g} are used"
        )
    if compute.memory is not None and used.memory + asked.memory > compute.memory:
        lacks.append(
            f"{asked.memory / GB:g} GB are asked for, {used.memory / GB:g} of its "
            f"{compute.memory / GB:g} are used"
        )
    if not lacks:
        return ""
    return (
        f"The compute target {compute.name!r} has no room: {'; '.join(lacks)}. Ask for less, "
        "delete a service or a version, or deploy to another target."
    )


def _named(said: Mapping[str, Any]) -> tuple[VmSize | None, int]:
    """The size that Azure's arguments name, and how many machines of it."""
    nodes = said.get("agent_count") or said.get("max_nodes") or 1
    counted = isinstance(nodes, int) and not isinstance(nodes, bool) and nodes > 0
    return vm_size(str(said.get("vm_size") or "")), nodes if counted else 1


def _times(nodes: int) -> str:
    return f"{nodes} x " if nodes > 1 else ""
