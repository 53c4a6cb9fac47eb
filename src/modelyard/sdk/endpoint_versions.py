"""One version of an endpoint, as ``endpoint.versions`` gives it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import modelyard
from modelyard.sdk.deployed_facts import DeployedFacts
from modelyard.wire.services import Version


class Owner(Protocol):
    """What a version needs of its endpoint."""

    workspace: "modelyard.Workspace"

    @property
    def name(self) -> str: ...
    @property
    def scoring_uri(self) -> str: ...
    @property
    def compute_type(self) -> str: ...

    def run(self, input_data: Any, version: str = "") -> Any: ...
    def get_logs(
        self, num_lines: int = 5000, init: bool = False, *, version: str | None = None
    ) -> Any: ...
    def update_version(self, version_name: str, **changes: Any) -> None: ...
    def delete_version(self, version_name: str) -> None: ...
    def _wait_for_version(
        self, name: str, *, show_output: bool, timeout: float | None
    ) -> Version: ...


class EndpointVersion(DeployedFacts):
    """
    What is known of a version when ``endpoint.versions`` was read, and calls that go to it alone.
    """

    _facts: Version

    def __init__(self, endpoint: Owner, facts: Version) -> None:
        self.workspace = endpoint.workspace
        self._endpoint = endpoint
        self._facts = facts

    # --- its part of the traffic

    @property
    def traffic_percentile(self) -> float:
        """The share that was asked for it, in percent; the default version takes the rest too."""
        return plain(self._facts.given or 0.0)

    @property
    def traffic(self) -> float:
        """The share that it gets, in percent."""
        return plain(self._facts.traffic)

    @property
    def mirror_traffic(self) -> float:
        """The share of requests that is copied to it, in percent."""
        return plain(self._facts.shadow)

    @property
    def is_default(self) -> bool:
        return self._facts.is_default

    @property
    def version_type(self) -> str | None:
        """'Control' or 'Treatment'; None while no version is marked as control."""
        return self._facts.type or None

    # --- what is known of it

    @property
    def state(self) -> str:
        return self._facts.state

    @property
    def configuration(self) -> dict[str, Any]:
        """What its deployment configuration said."""
        return dict(self._facts.configuration)

    @property
    def created_time(self) -> datetime | None:
        return self._facts.created

    @property
    def updated_time(self) -> datetime | None:
        return self._facts.updated

    @property
    def stop_at(self) -> datetime | None:
        """When it is stopped because another has taken over."""
        return self._facts.stop_at

    @property
    def scoring_uri(self) -> str:
        """The endpoint's; ``run`` sends the header that picks this version."""
        return self._endpoint.scoring_uri

    @property
    def compute_type(self) -> str:
        return self._endpoint.compute_type

    def serialize(self) -> dict[str, Any]:
        """What is known of it, under Azure's keys."""
        facts = self._facts
        return {
            "name": facts.name,
            "state": facts.state,
            "type": self.version_type,
            "isDefault": facts.is_default,
            "trafficPercentile": self.traffic_percentile,
            "traffic": self.traffic,
            "description": facts.description,
            "tags": dict(facts.tags),
            "properties": dict(facts.properties),
            "error": facts.error,
            "models": [*facts.models],
            "configuration": dict(facts.configuration),
            "createdTime": None if facts.created is None else facts.created.isoformat(),
            "updatedTime": None if facts.updated is None else facts.updated.isoformat(),
        }

    # --- calls

    def run(self, input_data: Any) -> Any:
        """Have this version answer, whatever its share. Raises like the endpoint's ``run``."""
        return self._endpoint.run(input_data, version=self.name)

    def get_logs(self, num_lines: int = 5000) -> str:
        """The last lines that its workers wrote."""
        return str(self._endpoint.get_logs(num_lines, version=self.name))

    def update(self, **changes: Any) -> None:
        """Like the endpoint's ``update_version``."""
        self._endpoint.update_version(self.name, **changes)

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Add tags; the others stay."""
        self._endpoint.update_version(self.name, tags={**self.tags, **tags})

    def delete(self) -> None:
        """Like the endpoint's ``delete_version``."""
        self._endpoint.delete_version(self.name)

    def wait_for_deployment(
        self, show_output: bool = False, timeout_sec: float | None = None
    ) -> None:
        """Wait until it is healthy. Raises ``WebserviceException`` with the cause if it failed."""
        self._facts = self._endpoint._wait_for_version(
            self.name, show_output=show_output, timeout=timeout_sec
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(endpoint={self._endpoint.name!r}, name={self.name!r}, "
            f"state={self.state!r}, traffic={self.traffic:g}, is_default={self.is_default})"
        )


def plain(percent: float) -> float:
    """A percentage; whole ones as int, as people write them."""
    return int(percent) if percent == int(percent) else percent
