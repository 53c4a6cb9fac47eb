"""What a model says it needs, as limits of the service that serves it without a script."""

from collections.abc import Mapping
from typing import Any

from modelyard.usecases.limits import GB, Capacity
from modelyard.wire import contents as wire

_LEAST_GB = 0.1
"""Less memory than this starts no Python with numpy."""


def implied_limits(
    asked: wire.Limits, resources: Mapping[str, Any] | None, capacity: Capacity
) -> tuple[wire.Limits, tuple[str, ...]]:
    """
    The limits that were asked for, else the model's resource configuration; and a note. Pure.

    A machine that is smaller than the model's wish serves it with what it has.
    """
    if asked != wire.Limits() or not resources:
        return asked, ()
    cpu, memory = _number(resources.get("cpu")), _number(resources.get("memoryInGB"))
    limits = wire.Limits(
        cpu=min(cpu, capacity.cores) if cpu else None,
        memory_gb=min(max(memory, _LEAST_GB), capacity.memory / GB) if memory else None,
        gpu=int(gpu) if (gpu := _number(resources.get("gpu"))) else None,
    )
    said = {
        "cpu": limits.cpu and f"{limits.cpu:g}",
        "memory": limits.memory_gb and f"{limits.memory_gb:g} GB",
        "gpu": limits.gpu and str(limits.gpu),
    }
    shown = ", ".join(f"{name} {value}" for name, value in said.items() if value)
    return limits, ((f"{shown}: from the model's resource configuration.",) if shown else ())


def _number(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return float(value) if number else None
