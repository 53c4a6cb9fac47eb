"""What is known of a compute target."""

from datetime import datetime
from typing import Any

from modelyard.wire import computes as wire


class ComputeFacts:
    """Attributes, as the server told them last."""

    _facts: wire.Compute

    @property
    def name(self) -> str:
        return self._facts.name

    @property
    def type(self) -> str:
        return self._facts.kind

    @property
    def provisioning_state(self) -> str:
        """Azure's word: Succeeded, for a target is there as soon as it is made."""
        return self._facts.state

    @property
    def provisioning_errors(self) -> list[Any]:
        """None ever: there is nothing that could fail after it was made."""
        return []

    @property
    def is_attached(self) -> bool:
        """Whether it was attached, not created."""
        return self._facts.attached

    @property
    def tags(self) -> dict[str, str]:
        return dict(self._facts.tags)

    @property
    def description(self) -> str:
        return self._facts.description

    @property
    def created_on(self) -> datetime:
        return self._facts.created

    @property
    def modified_on(self) -> datetime:
        return self._facts.updated

    @property
    def location(self) -> str | None:
        """What the script said of it."""
        said: str | None = self._said("location")
        return said

    compute_location = location

    @property
    def cpu(self) -> float | None:
        """Cores that bound what is deployed to it together; None: the machine's."""
        return self._facts.cpu

    @property
    def memory_gb(self) -> float | None:
        """GB that bound what is deployed to it together; None: the machine's."""
        return self._facts.memory_gb

    @property
    def services(self) -> list[str]:
        """Names of the services that were deployed to it."""
        return [*self._facts.services]

    @property
    def notes(self) -> list[str]:
        """Sentences of the server: that its name promises more than the machine has."""
        return [*self._facts.notes]

    def serialize(self) -> dict[str, Any]:
        """What is known of it, under Azure's keys."""
        facts = self._facts
        return {
            "name": facts.name,
            "computeType": facts.kind,
            "provisioningState": facts.state,
            "provisioningErrors": None,
            "createdOn": facts.created.isoformat(),
            "modifiedOn": facts.updated.isoformat(),
            "description": facts.description,
            "tags": dict(facts.tags),
            "isAttachedCompute": facts.attached,
            "properties": {k: v for k, v in facts.configuration.items() if v is not None},
            "limits": {"cpu": facts.cpu, "memoryInGB": facts.memory_gb},
            "used": {"cpu": facts.used_cpu, "memoryInGB": facts.used_memory_gb},
            "services": [*facts.services],
            "notes": [*facts.notes],
        }

    def _said(self, name: str) -> Any:
        return self._facts.configuration.get(name)
