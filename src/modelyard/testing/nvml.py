# ruff: noqa: N802 - the names are those of pynvml
"""A driver of NVIDIA's with cards as a test wants them; constants and errors are pynvml's own."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


@dataclass
class FakePart:
    """A part of a cut card; ``busy`` in percent, counted by the card's own counters."""

    uuid: str
    instance: int
    total: int = 10 << 30
    used: int = 1 << 30
    busy: float = 0.0
    processes: list[tuple[int, int | None]] = field(default_factory=list)


@dataclass
class FakeCard:
    """
    ``processes`` are (pid, bytes or None). ``samples`` are (pid, percent, moment in us).

    ``parts`` cuts it (MIG). ``fails`` names functions and the code of the error they raise.
    """

    uuid: str
    name: str = "NVIDIA H100 80GB HBM3"
    gpu: int = 0
    memory: int = 0
    total: int = 80 << 30
    used: int = 1 << 30
    celsius: int = 40
    milliwatts: int = 70_000
    errors: int = 0
    processes: list[tuple[int, int | None]] = field(default_factory=list)
    samples: list[tuple[int, int, int]] = field(default_factory=list)
    parts: list[FakePart] | None = None
    counts: bool = True
    fails: dict[str, str] = field(default_factory=dict)


class FakeNvml:
    """
    Stands in for the module ``pynvml``.

    ``opened`` is how often it is open now, ``samples`` how many samples were not given back.
    ``driver`` is the code of an error that everything raises, '' for a driver that is well.
    """

    def __init__(self, *cards: FakeCard) -> None:
        self.cards = list(cards)
        self.opened = 0
        self.samples = 0
        self.driver = ""
        self._real = importlib.import_module("pynvml")
        self.NVMLError: type[Exception] = self._real.NVMLError

    def __getattr__(self, name: str) -> Any:
        """Functions are the ones below, guarded; all else is pynvml's."""
        if not name.startswith("nvml"):
            return getattr(self._real, name)
        function = getattr(type(self), "_" + name, None)
        if function is None:
            raise AttributeError(name)
        return self._guarded(name, function)

    def _guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if self.driver:
                raise self.error(self.driver)
            card = arguments[0] if arguments else None
            if isinstance(card, FakeCard) and name in card.fails:
                raise self.error(card.fails[name])
            return function(self, *arguments)

        return call

    def error(self, code: str) -> Exception:
        """The error of a code like GPU_IS_LOST."""
        error: Exception = self._real.NVMLError(getattr(self._real, f"NVML_ERROR_{code}"))
        return error

    def _nvmlInit(self) -> None:
        self.opened += 1

    def _nvmlShutdown(self) -> None:
        self.opened -= 1

    def _nvmlDeviceGetCount(self) -> int:
        return len(self.cards)

    def _nvmlDeviceGetHandleByIndex(self, number: int) -> FakeCard:
        card = self.cards[number]
        if "nvmlDeviceGetHandleByIndex" in card.fails:
            raise self.error(card.fails["nvmlDeviceGetHandleByIndex"])
        return card

    def _nvmlDeviceGetUUID(self, handle: FakeCard | FakePart) -> str:
        return handle.uuid

    def _nvmlDeviceGetName(self, handle: FakeCard | FakePart) -> str | bytes:
        return handle.name.encode() if isinstance(handle, FakeCard) else "part"

    def _nvmlDeviceGetUtilizationRates(self, card: FakeCard) -> SimpleNamespace:
        self._no_parts(card)
        return SimpleNamespace(gpu=card.gpu, memory=card.memory)

    def _nvmlDeviceGetEncoderUtilization(self, card: FakeCard) -> list[int]:
        self._no_parts(card)
        return [0, 167_000]

    def _nvmlDeviceGetDecoderUtilization(self, card: FakeCard) -> list[int]:
        self._no_parts(card)
        return [0, 167_000]

    def _nvmlDeviceGetTemperature(self, card: FakeCard, _: int) -> int:
        return card.celsius

    def _nvmlDeviceGetPowerUsage(self, card: FakeCard) -> int:
        return card.milliwatts

    def _nvmlDeviceGetTotalEnergyConsumption(self, card: FakeCard) -> int:
        return card.milliwatts * 3600

    def _nvmlDeviceGetTotalEccErrors(self, card: FakeCard, kind: int, _: int) -> int:
        return card.errors if kind == self._real.NVML_MEMORY_ERROR_TYPE_CORRECTED else 0

    def _nvmlDeviceGetMemoryInfo(self, handle: FakeCard | FakePart) -> SimpleNamespace:
        return SimpleNamespace(total=handle.total, used=handle.used)

    def _nvmlDeviceGetComputeRunningProcesses(
        self, handle: FakeCard | FakePart
    ) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=pid, usedGpuMemory=size) for pid, size in handle.processes]

    def _nvmlDeviceGetGraphicsRunningProcesses(self, _: Any) -> list[SimpleNamespace]:
        return []

    def _nvmlDeviceGetProcessUtilization(self, card: FakeCard, since: int) -> list[Any]:
        self._no_parts(card)
        newer = [sample for sample in card.samples if sample[2] > since]
        if not newer:
            raise self.error("NOT_FOUND")
        return [SimpleNamespace(pid=p, smUtil=u, timeStamp=t) for p, u, t in newer]

    def _nvmlDeviceGetMigMode(self, card: FakeCard) -> list[int]:
        return [int(card.parts is not None)] * 2

    def _nvmlDeviceGetMaxMigDeviceCount(self, card: FakeCard) -> int:
        return 7 if card.parts is not None else 0

    def _nvmlDeviceGetMigDeviceHandleByIndex(self, card: FakeCard, index: int) -> FakePart:
        parts = card.parts or []
        if index >= len(parts):
            raise self.error("NOT_FOUND")
        return parts[index]

    def _nvmlDeviceGetGpuInstanceId(self, part: FakePart) -> int:
        return part.instance

    def _nvmlGpmQueryDeviceSupport(self, card: FakeCard) -> SimpleNamespace:
        return SimpleNamespace(isSupportedDevice=int(card.counts))

    def _nvmlGpmSampleAlloc(self) -> Any:
        self.samples += 1
        return self._real.c_nvmlGpmSample_t()

    def _nvmlGpmSampleFree(self, _: Any) -> None:
        self.samples -= 1

    def _nvmlGpmMigSampleGet(self, card: FakeCard, instance: int, sample: Any) -> Any:
        self._measured = next(p for p in card.parts or () if p.instance == instance)
        return sample

    def _nvmlGpmMetricsGet(self, asked: Any) -> Any:
        asked.metrics[0].value = self._measured.busy
        asked.metrics[0].nvmlReturn = 0
        return asked

    def _no_parts(self, card: FakeCard) -> None:
        """With a cut card NVML tells no rates."""
        if card.parts is not None:
            raise self.error("NOT_SUPPORTED")
