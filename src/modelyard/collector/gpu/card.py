"""One card, or one part of a card that is cut into several (MIG), as NVML tells of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from modelyard.collector.gpu.driver import Nvml

FATAL = ("GPU_IS_LOST", "GPU_NOT_FOUND", "RESET_REQUIRED")
"""What a card says that is gone; anything else is about the one question."""

DRIVER = ("UNINITIALIZED", "DRIVER_NOT_LOADED", "LIB_RM_VERSION_MISMATCH")
"""What a driver says that is gone or replaced."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has of a card: bytes, and a share of its time; None where not told."""

    pid: int
    memory: int | None
    share: float | None


@dataclass(slots=True)
class Card:
    """
    ``parent`` is the card that a part belongs to, '' for a whole card. Shares are 0 to 1.

    ``values`` are measures by (name, attribute's value or '').
    """

    id: str
    name: str
    parent: str = ""
    values: dict[tuple[str, str], float] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    whole: Any = None
    """The rates of the driver, in percent: gpu, memory; None where it has none."""


def ask(nvml: Nvml, name: str, *arguments: Any) -> Any:
    """
    The answer; None where this card, driver or user has none, or the question fails.

    Raises NVMLError where the card or the driver is gone.
    """
    try:
        return getattr(nvml, name)(*arguments)
    except nvml.NVMLError as error:
        if is_one_of(nvml, error, FATAL + DRIVER):
            raise
        return None
    except AttributeError:  # a pynvml that does not know the question
        return None


def is_one_of(nvml: Nvml, error: Any, codes: tuple[str, ...]) -> bool:
    """Whether the error has one of these codes."""
    return error.value in {getattr(nvml, f"NVML_ERROR_{code}") for code in codes}


def identity(nvml: Nvml, handle: Any) -> tuple[str, str]:
    """UUID and name."""
    return _text(nvml.nvmlDeviceGetUUID(handle)), _text(nvml.nvmlDeviceGetName(handle))


def read_whole(nvml: Nvml, handle: Any, card: Card) -> None:
    """What only a whole card has: temperature, power, energy, errors, rates."""
    rates = card.whole = ask(nvml, "nvmlDeviceGetUtilizationRates", handle)
    if rates is not None:
        card.values["hw.gpu.utilization", "general"] = rates.gpu / 100
    for task in ("Encoder", "Decoder"):
        found = ask(nvml, f"nvmlDeviceGet{task}Utilization", handle)
        if found is not None:
            # a name of its own, so that SQL which asks for a card's use has one number
            card.values[f"hw.gpu.{task.lower()}.utilization", task.lower()] = found[0] / 100
    sensor = nvml.NVML_TEMPERATURE_GPU
    _keep(card, "hw.temperature", ask(nvml, "nvmlDeviceGetTemperature", handle, sensor))
    # the driver counts thousandths of watts and joules
    _keep(card, "hw.power", ask(nvml, "nvmlDeviceGetPowerUsage", handle), scale=0.001)
    _keep(card, "hw.energy", ask(nvml, "nvmlDeviceGetTotalEnergyConsumption", handle), scale=0.001)
    for kind in ("CORRECTED", "UNCORRECTED"):
        error = getattr(nvml, f"NVML_MEMORY_ERROR_TYPE_{kind}")
        count = ask(nvml, "nvmlDeviceGetTotalEccErrors", handle, error, nvml.NVML_VOLATILE_ECC)
        _keep(card, "hw.errors", count, kind.lower())


def read_memory(nvml: Nvml, handle: Any, card: Card) -> None:
    """How full its memory is; parts of a card have memory of their own."""
    memory = ask(nvml, "nvmlDeviceGetMemoryInfo", handle)
    if memory is None:
        return
    card.values["hw.gpu.memory.usage", ""] = memory.used
    card.values["hw.gpu.memory.limit", ""] = memory.total
    if memory.total:
        card.values["hw.gpu.memory.utilization", ""] = memory.used / memory.total


def read_uses(
    nvml: Nvml, handle: Any, card: Card, shares: Callable[[Any], dict[int, float] | None]
) -> None:
    """The processes that have it open, for computing or drawing, each once."""
    memory: dict[int, int | None] = {}
    for kind in ("Compute", "Graphics"):
        for process in ask(nvml, f"nvmlDeviceGet{kind}RunningProcesses", handle) or ():
            memory[process.pid] = process.usedGpuMemory or memory.get(process.pid)
    busy = shares(handle)
    card.uses = [
        Use(pid, used, None if busy is None else busy.get(pid, 0.0))
        for pid, used in memory.items()
    ]


def _keep(card: Card, name: str, value: Any, attribute: str = "", scale: float = 1.0) -> None:
    if value is not None:
        card.values[name, attribute] = value * scale


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
