"""How requests run and what may be used, from Azure's arguments and from ours."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from modelyard.domain.predictors import Batching
from modelyard.sdk.errors import WebserviceException
from modelyard.wire.contents import Limits, ServingOptions

_OPTIONS = frozenset(ServingOptions.__struct_fields__) - {"batching"}
"""Names that may be said as the server has them."""

BY_CORES = -1
"""The server's word for as many workers as it has cores, 10 at most."""

REPLICAS = frozenset({"num_replicas", "autoscale_enabled", "autoscale_min_replicas",
                      "autoscale_max_replicas"})  # fmt: skip
"""What says how many workers there are."""

LIMITS = frozenset({"cpu_cores", "memory_gb", "cpu_cores_limit", "memory_gb_limit", "gpu_cores"})


def serving_of(said: Mapping[str, Any]) -> ServingOptions:
    """
    How requests run; Azure's milliseconds become seconds. Nothing is added to what was said.

    Raises ``WebserviceException`` for a value of the wrong kind.
    """
    batching = said.get("batching")
    if batching is not None and not isinstance(batching, Batching):
        raise WebserviceException(f"batching must be a modelyard.Batching, not {batching!r}.")
    options = {
        **workers_of(said),
        "scoring_timeout": _seconds(said.get("scoring_timeout_ms")),
        "queue_wait": _seconds(said.get("max_request_wait_time")),
        "concurrency": said.get("replica_max_concurrent_requests"),
        "refresh": said.get("autoscale_refresh_seconds"),
        "target_utilization": _share(said.get("autoscale_target_utilization")),
        "collect_model_data": said.get("enable_app_insights"),
        **{name: said[name] for name in _OPTIONS if said.get(name) is not None},
        "batching": None if batching is None else asdict(batching),
    }
    try:
        return msgspec.convert(options, ServingOptions)
    except msgspec.ValidationError as error:
        raise WebserviceException(f"How requests run cannot be understood: {error}.") from error


def workers_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """How many workers, at least and at most; a fixed number switches autoscaling off."""
    if said.get("num_replicas") is not None or said.get("autoscale_enabled") is False:
        return {"workers": said.get("num_replicas"), "max_workers": 0}
    most = said.get("autoscale_max_replicas")
    if most is None and said.get("autoscale_enabled"):
        most = BY_CORES
    return {"workers": said.get("autoscale_min_replicas"), "max_workers": most}


def limits_of(said: Mapping[str, Any], *, each: bool) -> Limits:
    """
    Only what the caller wrote is enforced; ``each``: for each worker, as Azure counts replicas.
    """
    cpu = said.get("cpu_cores_limit", said.get("cpu_cores"))
    memory = said.get("memory_gb_limit", said.get("memory_gb"))
    gpu = said.get("gpu_cores") or None
    bounded = any(value is not None for value in (cpu, memory, gpu))
    return Limits(cpu=cpu, memory_gb=memory, gpu=gpu, each=each and bounded)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100
