"""What a deployment configuration says: the kind of service, keys, limits, how requests run."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from modelyard.domain.predictors import Batching
from modelyard.sdk.errors import WebserviceException
from modelyard.sdk.workspaces import texts
from modelyard.wire.services import Limits, ServiceChange, ServiceRequest, ServingOptions

_OPTIONS = frozenset(ServingOptions.__struct_fields__) - {"batching"}
"""Names that may be said as the server has them."""

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{,61}[a-z0-9])?")

NUMBERS = (
    "cpu_cores", "memory_gb", "cpu_cores_limit", "memory_gb_limit", "gpu_cores",
    "scoring_timeout_ms", "replica_max_concurrent_requests", "max_request_wait_time",
    "num_replicas", "autoscale_min_replicas", "autoscale_max_replicas",
    "autoscale_refresh_seconds", "period_seconds", "initial_delay_seconds", "timeout_seconds",
    "success_threshold", "failure_threshold",
)  # fmt: skip
"""Azure's arguments that must be numbers above 0."""


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
        check_auth(self.auth_enabled, self.primary_key or self.secondary_key)

    def limits(self) -> Limits:
        """Only what the caller wrote is enforced."""
        return Limits(
            cpu=self.said.get("cpu_cores_limit", self.said.get("cpu_cores")),
            memory_gb=self.said.get("memory_gb_limit", self.said.get("memory_gb")),
            gpu=self.said.get("gpu_cores"),
        )

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
        return {**defaults, **{k: json_of(v) for k, v in written.items()}}

    def remember(self, inference_config: Any) -> None:
        """Nothing of the script has to be kept, but for services that are reloaded."""

    def fill(self, request: ServiceRequest) -> None:
        """Write into the request everything but its content."""
        request.kind = self.kind
        request.auth = auth_of(self.auth_enabled)
        request.description = self.description or ""
        request.tags = texts(self.tags)
        request.properties = texts(self.properties)
        request.configuration = self.shown()
        request.primary_key = self.primary_key
        request.secondary_key = self.secondary_key

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


def auth_of(enabled: bool | None) -> str | None:
    """The wire's word; None leaves it to the kind of service."""
    return None if enabled is None else "key" if enabled else "off"


def serving_of(said: Mapping[str, Any]) -> ServingOptions:
    """
    How requests run, from Azure's arguments, whose milliseconds become seconds, and from ours.

    Raises ``WebserviceException`` for a value of the wrong kind.
    """
    timeout, wait = said.get("scoring_timeout_ms"), said.get("max_request_wait_time")
    batching = said.get("batching")
    if batching is not None and not isinstance(batching, Batching):
        raise WebserviceException(f"batching must be a modelyard.Batching, not {batching!r}.")
    options = {
        "workers": said.get("num_replicas", said.get("autoscale_min_replicas")),
        "scoring_timeout": None if timeout is None else timeout / 1000,
        "queue_wait": None if wait is None else wait / 1000,
        **{name: said[name] for name in _OPTIONS if said.get(name) is not None},
        "batching": None if batching is None else asdict(batching),
    }
    try:
        return msgspec.convert(options, ServingOptions)
    except msgspec.ValidationError as error:
        raise WebserviceException(f"How requests run cannot be understood: {error}.") from error


def check_auth(auth_enabled: bool | None, keys: Any, token_auth: bool | None = None) -> None:
    """Raises ``WebserviceException`` for keys of a service without keys, or two ways at once."""
    if auth_enabled is False and keys:
        raise WebserviceException("Keys were given for a service with auth_enabled=False.")
    if token_auth:
        raise WebserviceException(
            "token_auth_enabled is not there yet; use keys (auth_enabled=True)."
            if not auth_enabled
            else "A service takes keys or tokens, not both: leave token_auth_enabled out."
        )


def check_positive(said: Mapping[str, Any], *names: str) -> None:
    """Raises ``WebserviceException`` for a number that is not above 0."""
    for name in names:
        value = said.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise WebserviceException(f"{name} must be a number above 0, not {value!r}.")


def check_replicas(said: Mapping[str, Any]) -> None:
    """Raises ``WebserviceException`` for autoscaling that contradicts itself."""
    scaling = [n for n in said if n.startswith("autoscale_") and n != "autoscale_enabled"]
    if said.get("autoscale_enabled") and said.get("num_replicas") is not None:
        raise WebserviceException("num_replicas is fixed: it cannot go with autoscale_enabled.")
    if scaling and (
        said.get("num_replicas") is not None or said.get("autoscale_enabled") is False
    ):
        raise WebserviceException(
            f"{', '.join(scaling)} cannot go with num_replicas or autoscale_enabled=False."
        )
    low = said.get("autoscale_min_replicas", 1)
    high = said.get("autoscale_max_replicas", max(10, low))
    if low > high:
        raise WebserviceException(
            f"autoscale_min_replicas {low} is above autoscale_max_replicas {high}."
        )
    utilization = said.get("autoscale_target_utilization")
    if utilization is not None and not 0 < utilization <= 100:
        raise WebserviceException("autoscale_target_utilization is a percentage from 1 to 100.")


def check_namespace(namespace: str | None) -> None:
    """Raises ``WebserviceException`` for a bad Kubernetes namespace."""
    if namespace is not None and not _NAMESPACE.fullmatch(namespace):
        raise WebserviceException(
            f"{namespace!r} cannot be a namespace: 1 to 63 lower-case letters, digits or '-'."
        )


def no_change(change: ServiceChange) -> bool:
    """Whether a change would change nothing."""
    return change == ServiceChange()


def json_of(value: Any) -> Any:
    """An argument as it is kept to be shown."""
    return value if isinstance(value, bool | int | float | str | list) else str(value)
