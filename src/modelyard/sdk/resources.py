"""What a model says it needs to run."""

from collections.abc import Mapping
from typing import Any

from modelyard.sdk.errors import WebserviceException


class ResourceConfiguration:
    """Cores, memory in GB and GPU cards; None is 'not said'."""

    def __init__(
        self, cpu: float | None = None, memory_in_gb: float | None = None, gpu: int | None = None
    ) -> None:
        for name, value in (("cpu", cpu), ("memory_in_gb", memory_in_gb), ("gpu", gpu)):
            if value is not None and (not isinstance(value, int | float) or value < 0):
                raise WebserviceException(
                    f"{name} of a ResourceConfiguration cannot be {value!r}: not below 0."
                )
        self.cpu = cpu
        self.memory_in_gb = memory_in_gb
        self.gpu = gpu

    @staticmethod
    def payload_of(value: "ResourceConfiguration | None") -> dict[str, Any] | None:
        """Its JSON form; None from None."""
        return None if value is None else value.serialize()

    def serialize(self) -> dict[str, Any]:
        """Azure's JSON form."""
        return {"cpu": self.cpu, "memoryInGB": self.memory_in_gb, "gpu": self.gpu}

    @staticmethod
    def deserialize(payload_obj: Mapping[str, Any] | None) -> "ResourceConfiguration | None":
        """From Azure's JSON form; None from None."""
        if payload_obj is None:
            return None
        missing = {"cpu", "memoryInGB", "gpu"} - set(payload_obj)
        if missing:
            raise WebserviceException(f"The resource configuration lacks {sorted(missing)}.")
        return ResourceConfiguration(
            payload_obj["cpu"], payload_obj["memoryInGB"], payload_obj["gpu"]
        )
