"""A front: the process that serves one revision. What it is told and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from modelyard.domain.predictors import Batching, Predictor

DESCRIPTION = "openapi.json"
"""Ending of the file beside a front's log in which it keeps what its service takes and gives."""

SPEC_VERSION = 1
"""Version of ``FrontSpec`` and of the control socket's messages, raised when either changes."""

AGAIN_HEADER = "x-modelyard-again"
"""What the gateway says of a request when it sends it a second time, with the same id."""

LOST = (
    "The service version ended before it answered. The request may have been carried out; "
    "it is never sent twice."
)
"""What a caller is told (502, ``front_lost``), by the gateway or by the next front."""


@dataclass(frozen=True, slots=True)
class FrontModel:
    """A model of the revision: where ``Model.get_model_path`` finds it."""

    name: str
    version: int
    path: str


@dataclass(frozen=True, slots=True)
class FrontSpec:
    """
    Everything a front needs, written as JSON to ``run/fronts/<id>.json``; times s, sizes bytes.

    ``python`` is the interpreter of the model's environment; ``runtime`` the folder that holds
    ``modelyard_worker`` alone and is the only thing of ours on the worker's ``PYTHONPATH``.
    ``app_root`` is the worker's working folder, ``entry_script`` relative to it.
    ``socket`` serves HTTP, ``control_socket`` JSON lines; both are unix sockets.
    ``log_file`` takes what the workers print, rotated at ``log_bytes`` with ``log_files`` kept.
    ``predictor`` stands for a model without a script (``entry_script`` is '' then), the only one
    of ``models``. ``batching`` to ``preload`` and ``collect_model_data`` are as in ``Serving``.
    ``cpu`` in cores and ``memory`` in bytes bound all workers together; None is not enforced.
    ``fronts`` above 1 asks the target for so many processes, each with its share of the workers,
    at ``paths_of`` both sockets and the log. ``rings`` is the folder for the rings of its
    telemetry, '' for none. ``ingest`` is the address that scripts send theirs to, '' for none.
    ``max_workers`` to ``concurrency`` are as in ``Serving``. ``ledger`` is the file in which it
    notes what has begun, for the next front at the same socket; '' tells the gateway each time.
    """

    id: str
    workspace: str
    service: str
    service_version: str
    revision: int
    python: str
    runtime: str
    app_root: str
    entry_script: str
    model_dir: str
    socket: str
    control_socket: str
    log_file: str
    models: tuple[FrontModel, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    scoring_timeout: float = 60.0
    queue_limit: int = 100
    queue_wait: float = 30.0
    body_limit: int = 100 * 1024 * 1024
    init_timeout: float = 600.0
    cors_origins: tuple[str, ...] = ()
    cpu: float | None = None
    memory: int | None = None
    log_bytes: int = 10 * 1024 * 1024
    log_files: int = 5
    predictor: Predictor | None = None
    batching: Batching | None = None
    tracebacks: bool = False
    detect_failures: bool = False
    nan: str = "null"
    preload: bool = False
    fronts: int = 1
    rings: str = ""
    ingest: str = ""
    collect_model_data: bool = False
    max_workers: int | None = None
    target_utilization: float = 0.7
    refresh: float = 1.0
    idle_timeout: float | None = None
    cold_start_timeout: float = 120.0
    concurrency: int = 1
    ledger: str = ""
    spec_version: int = SPEC_VERSION


ASLEEP = "asleep: nobody asked for a while; the next request starts the workers"
WAKING = "waking: a request came, the first worker starts"
"""Notes of a front whose workers ended because nobody asked."""


def ledger_path(folder: str, id: str) -> str:
    """Where a front that is alone notes what it has begun; the gateway looks there. Pure."""
    return f"{folder}/{id}.ledger"


def paths_of(path: str, fronts: int) -> tuple[str, ...]:
    """
    Where several fronts of one revision have what one front has at ``path``. Pure.

    One has ``r1.sock``, two have ``r1.1.sock`` and ``r1.2.sock``.
    """
    if fronts == 1:
        return (path,)
    stem, dot, suffix = path.rpartition(".")
    return tuple(f"{stem}.{number}{dot}{suffix}" for number in range(1, fronts + 1))


class FrontState(StrEnum):
    """What a front says of itself."""

    STARTING = "starting"  # no worker has been ready yet
    READY = "ready"  # at least one worker is ready
    UNHEALTHY = "unhealthy"  # was ready; every worker is down and being restarted
    DRAINING = "draining"  # finishes what it has, takes no more
    FAILED = "failed"  # the preflight failed; ``error`` says why
    GONE = "gone"  # no such process (said by the target, never by a front)


@dataclass(frozen=True, slots=True)
class FrontStatus:
    """
    A front's answer to ``status``.

    ``limits`` says how cpu and memory are bounded: 'cgroup-v2', 'cgroup-v1', 'watchdog' or 'none'.
    ``error`` of a failed preflight: type, message, file, line, traceback, log (its last lines).
    ``notes`` say what it does otherwise than asked, and why. ``batching`` is what the worker's
    self-test found, ``on`` and ``why``; None where nothing is to be batched. ``asleep``: it is
    READY and no worker runs, because nobody asks; the next request starts them.
    """

    id: str
    state: FrontState
    pid: int = 0
    ready_workers: int = 0
    workers: int = 0
    in_flight: int = 0
    queued: int = 0
    served: int = 0
    restarts: int = 0
    limits: str = "none"
    error: Mapping[str, Any] | None = None
    swagger: bool = False
    notes: tuple[str, ...] = ()
    batching: Mapping[str, Any] | None = None
    asleep: bool = False
    spec_version: int = SPEC_VERSION
