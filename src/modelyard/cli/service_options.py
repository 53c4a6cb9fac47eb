"""The options that commands share which deploy something, and what they say together."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from modelyard.cli.environments import Conda, Pip, Python, Requirements
from modelyard.domain.errors import BadInput
from modelyard.domain.predictors import Batching
from modelyard.wire import contents as wire
from modelyard.wire.contents import Limits, ServingOptions

Models = Annotated[
    list[str] | None, typer.Option("--model", "-m", help="NAME[:VERSION]; may be repeated.")
]
Entry = Annotated[
    Path | None,
    typer.Option(
        "--entry", "-e",
        help="The scoring script, with init() and run(); score.py when it is there.",
    ),
]  # fmt: skip
NoScript = Annotated[
    bool | None, typer.Option("--no-script", help="Serve the one model by its framework.")
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
MaxWorkers = Annotated[
    int | None,
    typer.Option(min=0, help="Up to how many workers run as load asks for them; 0 is off."),
]
TargetUtilization = Annotated[
    float | None, typer.Option(help="Share of their time that workers run then (default 0.7).")
]
IdleTimeout = Annotated[
    float | None,
    typer.Option(help="Seconds without a request after which no worker runs; 0 is never."),
]
ColdStart = Annotated[
    float | None,
    typer.Option("--cold-start-timeout", help="Seconds that a request then waits (default 120)."),
]
Concurrency = Annotated[
    int | None, typer.Option(min=1, help="Requests that a worker may have waiting (default 1).")
]
CollectData = Annotated[
    bool | None,
    typer.Option(
        "--collect-model-data/--no-collect-model-data", help="Keep inputs and outputs, or not."
    ),
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Return at once.")]


@dataclass(frozen=True, slots=True)
class What:
    """The options that say what is served."""

    model: Models
    entry: Entry
    no_script: NoScript
    source: Source
    variable: Variables


@dataclass(frozen=True, slots=True)
class Environment:
    """The options that say what a service runs in."""

    registered: Registered
    conda: Conda
    requirements: Requirements
    pip: Pip
    python: Python

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Serving:
    """The options that say how requests are run; None is the server's default, or as it was."""

    workers: Workers
    max_workers: MaxWorkers
    target_utilization: TargetUtilization
    idle_timeout: IdleTimeout
    cold_start_timeout: ColdStart
    concurrency: Concurrency
    cpu: Cpu
    memory: Memory
    timeout: Timeout
    init_timeout: InitTimeout
    queue_limit: QueueLimit
    queue_wait: QueueWait
    body_limit: BodyLimit
    cors: Cors
    batching: BatchSize
    batch_wait: BatchWait
    tracebacks: Tracebacks
    detect_failures: DetectFailures
    nan: Nan
    preload: Preload
    fronts: Fronts
    collect_model_data: CollectData

    def options(self) -> ServingOptions:
        """As the server takes them. Raises ``BadInput`` for those that contradict each other."""
        if self.batch_wait is not None and self.batching is None:
            raise BadInput("--batch-wait says nothing without --batching SIZE.")
        together = None
        if self.batching is not None:
            checked = Batching(self.batching, self.batch_wait or 0.0)
            together = wire.Batching(max_size=checked.max_size, max_wait_ms=checked.max_wait_ms)
        own = {"timeout", "cors", "batching", "batch_wait", "cpu", "memory"}
        same = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in own}
        return ServingOptions(
            **same,
            scoring_timeout=self.timeout,
            cors_origins=self.cors or None,
            batching=together,
        )

    def limits(self, old: Mapping[str, Any] | None = None) -> Limits:
        """What is to be enforced; what is not said is as in ``old``, which has bytes of memory."""
        before = old or {}
        bytes_before = before.get("memory")
        memory = bytes_before / 1e9 if bytes_before else None
        return Limits(
            cpu=before.get("cpu") if self.cpu is None else self.cpu,
            memory_gb=memory if self.memory is None else self.memory,
            gpu=before.get("gpu"),
        )

    @property
    def limited(self) -> bool:
        """Whether a limit was said."""
        return self.cpu is not None or self.memory is not None
