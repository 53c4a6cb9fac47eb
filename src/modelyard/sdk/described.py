"""What everything registered or deployed says of itself."""

from collections.abc import Mapping
from typing import Protocol


class _Facts(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def tags(self) -> Mapping[str, str]: ...
    @property
    def properties(self) -> Mapping[str, str]: ...


class Described:
    """Name, description, tags and properties, read from the server's facts; dicts are copies."""

    _facts: _Facts

    @property
    def name(self) -> str:
        return self._facts.name

    @property
    def description(self) -> str:
        return self._facts.description

    @property
    def tags(self) -> dict[str, str]:
        return dict(self._facts.tags)

    @property
    def properties(self) -> dict[str, str]:
        return dict(self._facts.properties)
