"""The options that `service deploy` and `service update` share, and what they say together."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from modelyard.domain.errors import BadInput
from modelyard.domain.predictors import Batching
from modelyard.wire import services as wire
from modelyard.wire.services import Limits, ServingOptions

Models = Annotated[
    list[str] | None, typer.Option("--model", "-m", help="NAME[:VERSION]; may be repeated.")
]
Source = Annotated[
    Path | None, typer.Option("--source", "-s", help="Folder sent along, laid beside the script.")
]
Registered = Annotated[
    str | None, typer.Option("--environment", "-E", help="A registered one: NAME[:VERSION].")
]
Variables = Annotated[
    list[str] | None,
    typer.Option("--variable", help="KEY=VALUE for the script; may be repeated."),
]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="KEY=VALUE; may be repeated.")]
Description = Annotated[str | None, typer.Option(help="A sentence about it.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Worker processes (default 1).")]
Cpu = Annotated[float | None, typer.Option(help="Cores that all workers together may use.")]
Memory = Annotated[float | None, typer.Option(help="GB that all workers together may use.")]
Timeout = Annotated[float | None, typer.Option(help="Seconds that run() may take (default 60).")]
InitTimeout = Annotated[
    float | None, typer.Option(help="Seconds that init() may take (default 600).")
]
QueueLimit = Annotated[
    int | None, typer.Option(help="Requests that may wait for a worker (default 100).")
]
QueueWait = Annotated[
    float | None, typer.Option(help="Seconds that a request may wait (default 30).")
]
BodyLimit = Annotated[
    int | None, typer.Option(help="Bytes of the largest request (default: the server's).")
]
Cors = Annotated[
    list[str] | None,
    typer.Option("--cors", help="Origin that browsers may call from; may be repeated."),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        "--batching", min=1, help="Requests that may run together in one call; 1 is off."
    ),
]
BatchWait = Annotated[
    float | None,
    typer.Option(min=0, help="Milliseconds that an idle worker waits for more (default 0)."),
]
Tracebacks = Annotated[
    bool | None,
    typer.Option("--tracebacks/--no-tracebacks", help="Tracebacks in the answers too, or not."),
]
DetectFailures = Annotated[
    bool | None,
    typer.Option(
        "--detect-failures/--no-detect-failures",
        help="Count an answer that is the text of an exception as failed, or not.",
    ),
]
Nan = Annotated[
    str | None, typer.Option("--nan", help="What becomes of NaN in JSON: null or error.")
]
Preload = Annotated[
    bool | None,
    typer.Option(
        "--preload/--no-preload", help="Load the model once and fork the workers, or not."
    ),
]
Fronts = Annotated[
    int | None, typer.Option(min=1, help="Front processes of the service (default 1).")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Return at once.")]


@dataclass(frozen=True, slots=True)
class Environment:
    """The options that say what a service runs in."""

    registered: str | None
    conda: Path | None
    requirements: Path | None
    pip: list[str] | None
    python: str | None

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


def limits(
    cpu: float | None, memory: float | None, old: Mapping[str, Any] | None = None
) -> Limits:
    """What is to be enforced; what is not said stays as it was (``old`` has bytes of memory)."""
    before = old or {}
    bytes_before = before.get("memory")
    return Limits(
        cpu=before.get("cpu") if cpu is None else cpu,
        memory_gb=(bytes_before / 1e9 if bytes_before else None) if memory is None else memory,
        gpu=before.get("gpu"),
    )


def serving(
    workers: int | None,
    timeout: float | None,
    init_timeout: float | None,
    queue_limit: int | None,
    queue_wait: float | None,
    body_limit: int | None,
    cors: list[str] | None,
) -> ServingOptions:
    """How requests are run; None is the server's default, or as it was."""
    return ServingOptions(
        workers=workers,
        scoring_timeout=timeout,
        init_timeout=init_timeout,
        queue_limit=queue_limit,
        queue_wait=queue_wait,
        body_limit=body_limit,
        cors_origins=cors or None,
    )


def further(
    asked: ServingOptions,
    *,
    batching: int | None,
    batch_wait: float | None,
    tracebacks: bool | None,
    detect_failures: bool | None,
    nan: str | None,
    preload: bool | None,
    fronts: int | None,
) -> ServingOptions:
    """How requests run, with what is said of batches, errors and processes."""
    if batch_wait is not None and batching is None:
        raise BadInput("--batch-wait says nothing without --batching SIZE.")
    together = None if batching is None else Batching(batching, batch_wait or 0.0)
    return msgspec.structs.replace(
        asked,
        batching=None
        if together is None
        else wire.Batching(max_size=together.max_size, max_wait_ms=together.max_wait_ms),
        tracebacks=tracebacks,
        detect_failures=detect_failures,
        nan=nan,
        preload=preload,
        fronts=fronts,
    )
