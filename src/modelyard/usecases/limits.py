"""What a service may use, and how it runs: asked on the wire, checked, with defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from modelyard.domain.collecting import collection_of
from modelyard.domain.errors import BadInput, NoCapacity
from modelyard.domain.predictors import Batching
from modelyard.domain.services import Limits, Serving
from modelyard.wire import contents as wire

GB = 1_000_000_000
"""Azure's GB and ours, as in ``memory_gb``: 10^9 bytes."""

_AS_MANY_AS_CORES = -1
_MOST_BY_ITSELF = 10
"""Azure's most replicas, where nobody said a number."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the machine has."""

    cores: float
    memory: int
    gpus: int = 0


def checked_limits(limits: wire.Limits, capacity: Capacity) -> Limits:
    """Raises BadInput for what is not above 0, NoCapacity naming the machine's size."""
    for name, value in (("cpu", limits.cpu), ("memory_gb", limits.memory_gb)):
        if value is not None and not 0 < value < 1e9:
            raise BadInput(
                f"limits.{name} is {value}: it must be above 0.", details={"field": name}
            )
    if limits.gpu is not None and not 0 <= limits.gpu < 1024:
        raise BadInput(f"limits.gpu is {limits.gpu}: it must not be below 0.")
    if limits.memory_gb is not None and limits.memory_gb * GB < 32 * 1024**2:
        raise BadInput(f"limits.memory_gb is {limits.memory_gb}: Python alone needs 0.04.")
    size = f"This machine has {capacity.cores:g} cores and {capacity.memory / GB:.1f} GB of memory"
    size += f" and {capacity.gpus} GPU cards." if capacity.gpus else "."
    details = {"cores": capacity.cores, "memory": capacity.memory, "gpus": capacity.gpus}
    if limits.cpu is not None and limits.cpu > capacity.cores:
        raise NoCapacity(f"{limits.cpu:g} cores were asked for. {size}", details=details)
    if limits.memory_gb is not None and limits.memory_gb * GB > capacity.memory:
        raise NoCapacity(f"{limits.memory_gb:g} GB were asked for. {size}", details=details)
    if limits.gpu is not None and limits.gpu > capacity.gpus:
        raise NoCapacity(f"{limits.gpu} GPU cards were asked for. {size}", details=details)
    memory = None if limits.memory_gb is None else int(limits.memory_gb * GB)
    return Limits(cpu=limits.cpu, memory=memory, gpu=limits.gpu)


def without_missing_card(
    limits: wire.Limits, capacity: Capacity
) -> tuple[wire.Limits, tuple[str, ...]]:
    """
    Azure's scripts name clusters with graphics cards: where the machine has none, the limits
    without, and a note.
    """
    if not (limits.each and limits.gpu) or capacity.gpus:
        return limits, ()
    note = f"gpu {limits.gpu}: this machine has no graphics card, the model runs without."
    return msgspec.structs.replace(limits, gpu=None), (note,)


def of_all_workers(limits: Limits, serving: Serving, capacity: Capacity) -> Limits:
    """What each worker may use as what all of them may use together, at most the machine."""
    count = max(serving.workers, serving.max_workers or 0)
    cpu = None if limits.cpu is None else min(limits.cpu * count, capacity.cores)
    memory = None if limits.memory is None else min(limits.memory * count, capacity.memory)
    return Limits(cpu=cpu, memory=memory, gpu=limits.gpu)


def checked_serving(
    options: wire.ServingOptions,
    variables: Mapping[str, str],
    max_body: int,
    cores: float = 1.0,
) -> Serving:
    """
    The options with defaults; the variables that Azure's server reads stand in for missing ones.
    ``cores`` of the machine bound autoscaling that was asked for without a number.

    Raises BadInput naming the field.
    """
    workers = options.workers
    if workers is None:
        workers = int(_number(variables, "WORKER_COUNT") or 1)
    fronts = int(_within("fronts", _or(options.fronts, 1), 1, 64))
    timeout = options.scoring_timeout
    if timeout is None:
        milliseconds = _number(variables, "SCORING_TIMEOUT_MS")
        timeout = 60.0 if milliseconds is None else milliseconds / 1000
    origins = options.cors_origins
    if origins is None:
        origins = [
            o.strip() for o in variables.get("AML_CORS_ORIGINS", "").split(",") if o.strip()
        ]
    workers = max(fronts, int(_within("workers", workers, 1, 256)))  # each has at least one
    return Serving(
        workers=workers,
        scoring_timeout=_within("scoring_timeout", timeout, 0.001, 86_400),
        queue_limit=int(_within("queue_limit", _or(options.queue_limit, 100), 1, 100_000)),
        queue_wait=_within("queue_wait", _or(options.queue_wait, 30.0), 0, 3_600),
        body_limit=int(_within("body_limit", _or(options.body_limit, max_body), 1, 2**40)),
        init_timeout=_within("init_timeout", _or(options.init_timeout, 600.0), 0.1, 86_400),
        cors_origins=tuple(origins),
        batching=None if options.batching is None else _batching(options.batching),
        tracebacks=bool(options.tracebacks),
        detect_failures=bool(options.detect_failures),
        nan=_nan(options.nan or "null"),
        preload=_preload(options.preload, variables),
        fronts=fronts,
        collect_model_data=_collects(options.collect_model_data, variables),
        max_workers=_most(options.max_workers, workers, cores),
        target_utilization=_within(
            "target_utilization", _or(options.target_utilization, 0.7), 0.01, 1
        ),
        refresh=_within("refresh", _or(options.refresh, 1.0), 0.1, 3_600),
        idle_timeout=_idle(options.idle_timeout),
        cold_start_timeout=_within(
            "cold_start_timeout", _or(options.cold_start_timeout, 120.0), 0.1, 3_600
        ),
        concurrency=int(_within("concurrency", _or(options.concurrency, 1), 1, 1_000)),
    )


def _most(asked: int | None, workers: int, cores: float) -> int | None:
    """How many workers autoscaling may have; None where there is nothing to scale."""
    if not asked:
        return None
    if asked == _AS_MANY_AS_CORES:
        asked = max(workers, min(_MOST_BY_ITSELF, int(cores)))
    most = int(_within("max_workers", asked, 1, 256))
    if most < workers:
        raise BadInput(
            f"serving.max_workers is {most}, below serving.workers {workers}: raise it, lower "
            "workers, or switch autoscaling off with 0.",
            details={"field": "serving.max_workers"},
        )
    return most if most > workers else None


def _idle(asked: float | None) -> float | None:
    """Seconds until no worker runs; None for never, which 0 says too."""
    return _within("idle_timeout", asked, 1, 30 * 86_400) if asked else None


def _batching(asked: wire.Batching) -> Batching:
    return Batching(max_size=asked.max_size, max_wait_ms=asked.max_wait_ms)


def _nan(value: str) -> str:
    if value not in ("null", "error"):
        raise BadInput(
            f"serving.nan is {value!r}: it must be 'null' or 'error'.",
            details={"field": "serving.nan"},
        )
    return value


def _preload(asked: bool | None, variables: Mapping[str, str]) -> bool:
    if asked is not None:
        return asked
    return variables.get("WORKER_PRELOAD", "").strip().lower() in ("1", "true", "yes")


def _collects(asked: bool | None, variables: Mapping[str, str]) -> bool:
    collection_of(variables)  # raises for what cannot be understood
    return bool(asked)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _within(name: str, value: float, least: float, most: float) -> float:
    if not least <= value <= most:
        raise BadInput(
            f"serving.{name} is {value:g}: it must be {least:g} to {most:g}.",
            details={"field": f"serving.{name}"},
        )
    return value


def _number(variables: Mapping[str, str], name: str) -> float | None:
    text = variables.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise BadInput(f"The variable {name} is {text!r}: it must be a whole number.")
    return float(text)
