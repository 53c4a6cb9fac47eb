"""Tags and properties of a run."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from modelyard.sdk.workspaces import texts
from modelyard.wire.runs import Run, RunChange


class HasTags(ABC):
    """Tags may change; a property that was set stays."""

    @abstractmethod
    def _change(self, change: RunChange) -> Run:
        """Change the run on the server."""

    @abstractmethod
    def _read(self) -> Run:
        """The run as the server knows it now."""

    @property
    @abstractmethod
    def _facts_(self) -> Run:
        """The run as it was last read."""

    def tag(self, key: str, value: Any = None) -> None:
        """Set one tag."""
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags; the others stay."""
        self._change(RunChange(tags=texts(tags)))

    def remove_tags(self, tags: Iterable[str]) -> dict[str, str]:
        """Remove tags by key; those that are left."""
        names = [tags] if isinstance(tags, str) else [str(t) for t in tags]
        return dict(self._change(RunChange(remove_tags=names)).tags)

    def get_tags(self) -> dict[str, str]:
        """The tags as the server knows them now."""
        return dict(self._read().tags)

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Set properties. Raises when one has another value already."""
        self._change(RunChange(properties=texts(properties)))

    def get_properties(self) -> dict[str, str]:
        """The properties as the server knows them now."""
        return dict(self._read().properties)

    @property
    def tags(self) -> dict[str, str]:
        return dict(self._facts_.tags)

    @property
    def properties(self) -> dict[str, str]:
        return dict(self._facts_.properties)
