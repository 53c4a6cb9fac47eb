"""What a deployment configuration may say. Each raises ``WebserviceException`` naming what not."""

import re
from collections.abc import Mapping
from typing import Any

from modelyard.sdk.errors import WebserviceException
from modelyard.wire.contents import ServingOptions

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{,61}[a-z0-9])?")

NUMBERS = (
    "cpu_cores", "memory_gb", "cpu_cores_limit", "memory_gb_limit",
    "scoring_timeout_ms", "replica_max_concurrent_requests", "max_request_wait_time",
    "num_replicas", "autoscale_min_replicas", "autoscale_max_replicas",
    "autoscale_refresh_seconds", "period_seconds", "initial_delay_seconds", "timeout_seconds",
    "success_threshold", "failure_threshold",
)  # fmt: skip
"""Azure's arguments that must be numbers above 0."""

WHOLE = frozenset({
    "replica_max_concurrent_requests", "num_replicas", "autoscale_min_replicas",
    "autoscale_max_replicas", "gpu_cores", "success_threshold", "failure_threshold",
})  # fmt: skip
"""Those of them that are counted."""


def invalid(text: str) -> WebserviceException:
    """The error, begun as Azure begins it."""
    return WebserviceException(f"Invalid configuration, {text}")


def check_auth(auth_enabled: bool | None, keys: Any, token_auth: bool | None = None) -> None:
    """Keys of a service without keys, or two ways at once."""
    if token_auth and auth_enabled:
        raise invalid(
            "a service takes keys or tokens, not both: leave auth_enabled or token_auth_enabled "
            "out."
        )
    if token_auth and keys:
        raise invalid("keys were given for a service with token_auth_enabled=True.")
    if auth_enabled is False and keys:
        raise invalid("keys were given for a service with auth_enabled=False.")


def check_positive(said: Mapping[str, Any], *names: str) -> None:
    """A number that is not above 0, or not a number, or not whole where it counts."""
    for name in names:
        value = said.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise invalid(f"{name} must be a number above 0, not {value!r}.")
        if name in WHOLE and value != int(value):
            raise invalid(f"{name} must be a whole number, not {value!r}.")


def check_cards(said: Mapping[str, Any]) -> None:
    """GPU cards: none is allowed, as Azure has it by default."""
    if said.get("gpu_cores") not in (None, 0):
        check_positive(said, "gpu_cores")


def check_replicas(said: Mapping[str, Any]) -> None:
    """Autoscaling that contradicts itself."""
    scaling = [n for n in said if n.startswith("autoscale_") and n != "autoscale_enabled"]
    fixed = said.get("num_replicas") is not None
    if said.get("autoscale_enabled") and fixed:
        raise invalid("num_replicas is fixed: it cannot go with autoscale_enabled.")
    if scaling and (fixed or said.get("autoscale_enabled") is False):
        raise invalid(
            f"{', '.join(scaling)} cannot go with num_replicas or autoscale_enabled=False."
        )
    low = said.get("autoscale_min_replicas", 1)
    high = said.get("autoscale_max_replicas", max(10, low))
    if low > high:
        raise invalid(f"autoscale_min_replicas {low} is above autoscale_max_replicas {high}.")
    utilization = said.get("autoscale_target_utilization")
    if utilization is not None and not 0 < utilization <= 100:
        raise invalid("autoscale_target_utilization is a percentage from 1 to 100.")


def check_limits(said: Mapping[str, Any]) -> None:
    """A limit below what is asked for."""
    for name in ("cpu_cores", "memory_gb"):
        asked, limit = said.get(name), said.get(f"{name}_limit")
        if asked is not None and limit is not None and limit < asked:
            raise invalid(f"{name}_limit {limit:g} is below {name} {asked:g}.")


def check_namespace(namespace: str | None) -> None:
    """A bad Kubernetes namespace."""
    if namespace is not None and not _NAMESPACE.fullmatch(namespace):
        raise invalid(
            f"{namespace!r} cannot be a namespace: 1 to 63 lower-case letters, digits or '-'."
        )


def check_traffic(percentile: Any) -> None:
    """A share that is no percentage."""
    if percentile is None:
        return
    number = isinstance(percentile, int | float) and not isinstance(percentile, bool)
    if not number or not 0 <= percentile <= 100:
        raise invalid(f"traffic_percentile must be a number from 0 to 100, not {percentile!r}.")


_AZURES = frozenset(NUMBERS) | {
    "autoscale_enabled", "autoscale_target_utilization", "collect_model_data", "gpu_cores",
    "enable_app_insights", "namespace", "token_auth_enabled", "compute_target_name",
    "blobfuse_enabled", "batching",
}  # fmt: skip


def check_known(what: str, said: Mapping[str, Any]) -> None:
    """A name that nothing knows. Raises ``TypeError``, as for any other call."""
    unknown = sorted(set(said) - _AZURES - set(ServingOptions.__struct_fields__))
    if unknown:
        raise TypeError(f"{', '.join(map(repr, unknown))}: no such option of {what}.")


def check_said(said: Mapping[str, Any]) -> None:
    """Everything of one service's or version's arguments that can be checked alone."""
    check_positive(said, *(name for name in said if name in NUMBERS))
    check_cards(said)
    check_replicas(said)
    check_limits(said)
    check_namespace(said.get("namespace"))
