"""The options that `service deploy` and `service update` share, and what they say together."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

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
