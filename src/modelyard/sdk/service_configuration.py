"""What a deployment configuration says: the kind of service, keys, limits, how requests run."""

from collections.abc import Mapping
from typing import Any

from modelyard.sdk.computes import target_name
from modelyard.sdk.configuration_checks import check_auth, check_said, check_traffic
from modelyard.sdk.errors import WebserviceException
from modelyard.sdk.serving_options import limits_of, serving_of
from modelyard.sdk.workspaces import texts
from modelyard.wire.contents import Limits, ServingOptions
from modelyard.wire.services import ServiceRequest

_NOT_SHOWN = frozenset({"version_name", "traffic_percentile", "sticky"})
"""What the server keeps itself, and changes."""


class WebserviceDeploymentConfiguration:
    """The base of all; by itself a native service: keys on, nothing limited."""

    kind = "NATIVE"
    DEFAULTS: Mapping[str, Any] = {}
    """Azure's values of what the caller left out; shown, never enforced."""

    def __init__(
        self,
        type: Any = None,
        description: str | None = None,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        primary_key: str | None = None,
        secondary_key: str | None = None,
        location: str | None = None,
        *,
        auth_enabled: bool | None = None,
        **said: Any,
    ) -> None:
        del type
        self.description = description
        self.tags = tags
        self.properties = properties
        self.primary_key = primary_key
        self.secondary_key = secondary_key
        self.location = location
        self.auth_enabled = auth_enabled
        self.said = {k: v for k, v in said.items() if v is not None}
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Raises ``WebserviceException`` for what cannot be."""
        keys = self.primary_key or self.secondary_key
        check_auth(self.auth_enabled, keys, self.said.get("token_auth_enabled"))
        check_said(self.said)
        check_traffic(self.said.get("traffic_percentile"))

    def limits(self) -> Limits:
        """Only what the caller wrote is enforced."""
        return limits_of(self.said, each=counts_each(self.kind))

    def serving(self) -> ServingOptions:
        """How requests run."""
        return serving_of(self.said)

    def shown(self) -> dict[str, Any]:
        """What is kept to be shown: Azure's arguments, its defaults marked as such."""
        defaults = {
            name: f"{value} (default, not enforced)"
            for name, value in self.DEFAULTS.items()
            if name not in self.said
        }
        written = {**self.said, **({"location": self.location} if self.location else {})}
        return {**defaults, **shown_of(written)}

    def webservice(self) -> Any:
        """The class of what is deployed with it; None: the one of its kind."""
        return None

    def remember(self, inference_config: Any) -> None:
        """Nothing of the script has to be kept, but for services that are reloaded."""

    def compute(self, deployment_target: Any = None) -> str:
        """
        The compute target's name: the one given beside the configuration, else the one in it.

        Raises ``WebserviceException`` when they differ.
        """
        beside, inside = target_name(deployment_target), self.said.get("compute_target_name", "")
        if beside and inside and beside != inside:
            raise WebserviceException(
                f"deployment_target is {beside!r} and compute_target_name {inside!r}: leave one "
                "of them out."
            )
        return beside or str(inside)

    def fill(self, request: ServiceRequest) -> None:
        """Write into the request everything but its content."""
        request.kind = self.kind
        request.auth = auth_of(self.auth_enabled, self.said.get("token_auth_enabled"))
        request.description = self.description or ""
        request.tags = texts(self.tags)
        request.properties = texts(self.properties)
        request.configuration = self.shown()
        request.primary_key = self.primary_key
        request.secondary_key = self.secondary_key
        request.version = self.said.get("version_name", "")
        request.traffic = self.said.get("traffic_percentile")
        request.sticky = self.said.get("sticky", "")

    def print_deploy_configuration(self) -> None:
        """Print what is asked for."""
        print(f"Deployment configuration ({self.kind}):")
        for name, value in self.shown().items():
            print(f"  {name}: {value}")

    @classmethod
    def validate_image(cls, image: Any) -> None:
        """Every image can be deployed."""

    def __getattr__(self, name: str) -> Any:
        # Azure's configurations show every argument as an attribute
        said = self.__dict__.get("said", {})
        if name in said or name in type(self).DEFAULTS:
            return said.get(name)
        raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")


def auth_of(enabled: bool | None, token: bool | None = None) -> str | None:
    """The wire's word; None leaves it to the kind of service."""
    if token:
        return "token"
    return None if enabled is None else "key" if enabled else "off"


def counts_each(kind: str) -> bool:
    """Whether limits are for each worker: Azure's are for each replica of a cluster."""
    return kind in ("AKS", "AKSENDPOINT")


def shown_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as they are kept to be shown."""
    return {name: _json(value) for name, value in said.items() if name not in _NOT_SHOWN}


def _json(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | list) else str(value)
