"""Services, their versions and revisions: a deployed model behind one address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from modelyard.domain.events import Event
from modelyard.domain.names import check_name
from modelyard.domain.predictors import Batching, Predictor
from modelyard.domain.traffic import Traffic

DEFAULT_VERSION = "default"
"""The version of a service whose deployment names none."""


class ServiceKind(StrEnum):
    """Which of Azure's classes (or none) the caller deployed with; the wire's computeType."""

    NATIVE = "NATIVE"
    ACI = "ACI"
    AKS = "AKS"
    AKSENDPOINT = "AKSENDPOINT"
    LOCAL = "Local"


class Auth(StrEnum):
    """How callers of the service prove themselves."""

    OFF = "off"
    KEY = "key"
    TOKEN = "token"  # noqa: S105 - a way to authenticate, not a secret


class ServiceState(StrEnum):
    """Azure's states of a web service."""

    TRANSITIONING = "Transitioning"
    HEALTHY = "Healthy"
    UNHEALTHY = "Unhealthy"
    FAILED = "Failed"
    UNSCHEDULABLE = "Unschedulable"
    DELETING = "Deleting"


class RevisionState(StrEnum):
    """Where one revision stands on its way from wanted to gone."""

    PENDING = "pending"  # stored; its environment is not ready yet
    STARTING = "starting"  # front asked for; preflight running
    READY = "ready"  # all workers ready; may be routed to
    DRAINING = "draining"  # no longer routed to; finishes what it has
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What all workers of a service version may use together; None is 'not enforced'.

    ``cpu`` in cores, ``memory`` in bytes, ``gpu`` in cards.
    """

    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """
    How requests are run: times in seconds, sizes in bytes.

    ``batching`` None is off for scripts; models without a script are batched where their self-test
    passes. ``tracebacks`` puts the traceback into the answer. ``detect_failures`` counts an answer
    that is the text of an exception as failed. ``nan``: 'null' or 'error', what becomes of NaN and
    infinity in JSON. ``preload`` loads the model once and forks the workers. ``fronts`` is the
    number of front processes on this machine. ``collect_model_data`` keeps inputs and outputs.

    ``max_workers`` None runs ``workers`` of them, always; else there are ``workers`` at least and
    ``max_workers`` at most, as many as keep ``target_utilization`` (share of the time that they
    run, above 0 to 1), looked at every ``refresh`` seconds. ``idle_timeout``: after so many
    seconds without a request no worker runs (None: never); the next request starts them again and
    waits up to ``cold_start_timeout``. ``concurrency``: requests that a worker may have waiting or
    running; what comes beyond it waits ``queue_wait`` at most, in a queue of ``queue_limit``.
    """

    workers: int = 1
    scoring_timeout: float = 60.0
    queue_limit: int = 100
    queue_wait: float = 30.0
    body_limit: int = 100 * 1024 * 1024
    init_timeout: float = 600.0
    cors_origins: tuple[str, ...] = ()
    batching: Batching | None = None
    tracebacks: bool = False
    detect_failures: bool = False
    nan: str = "null"
    preload: bool = False
    fronts: int = 1
    collect_model_data: bool = False
    max_workers: int | None = None
    target_utilization: float = 0.7
    refresh: float = 1.0
    idle_timeout: float | None = None
    cold_start_timeout: float = 120.0
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class ModelRef:
    """
    A model that a revision holds: a registered one, or a local path uploaded (version 0).

    ``manifest`` is the digest of its files.
    """

    name: str
    version: int
    manifest: str


@dataclass(frozen=True, slots=True)
class RevisionContent:
    """
    Everything that makes a revision run; a change of any of it makes a new revision.

    ``source`` is the manifest digest of the source folder, laid out below the app root as
    ``source_name`` ('' lays it out in the root itself); ``entry_script`` is relative to the
    source. ``recipe`` is the digest of the environment's recipe. With ``predictor`` there is no
    script: ``source`` and ``entry_script`` are '' and the only model is served as it is;
    ``chosen_environment`` says that its environment was chosen for it, not given.
    """

    source: str
    entry_script: str
    models: tuple[ModelRef, ...]
    recipe: str
    source_name: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    serving: Serving = Serving()
    predictor: Predictor | None = None
    chosen_environment: bool = False


@dataclass(frozen=True, slots=True)
class Revision:
    """A numbered content of a service version; ``id`` names its front, folder and sockets."""

    id: str
    service: str
    version: str
    number: int
    content: RevisionContent
    state: RevisionState
    created: datetime
    error: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceVersion:
    """
    A named version of a service; ``wanted`` is the revision number that shall serve.

    ``live`` is the number of the revision that is routed to now, or None. ``configuration`` keeps
    what its deployment configuration said, to show. ``enabled`` False is a stopped version: its
    record and files of models are kept, nothing runs. ``deleting`` marks one whose fronts end.
    ``switch`` is the revision that takes all traffic by itself once it is ready (blue/green), None
    when there is none. ``keep_warm``: seconds that those it takes over from go on running.
    ``stop_at`` is when this one is stopped because another has taken over, None for never.
    """

    service: str
    name: str
    wanted: int
    live: int | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    created: datetime | None = None
    updated: datetime | None = None
    enabled: bool = True
    deleting: bool = False
    switch: int | None = None
    keep_warm: float = 3600.0
    stop_at: datetime | None = None

    def __post_init__(self) -> None:
        check_name("service version", self.name)


@dataclass(frozen=True, slots=True)
class Service:
    """
    A deployed model behind one address.

    ``configuration`` keeps what the deployment configuration said (Azure's arguments), to show.
    ``port`` is set for local services only. ``deleting`` marks one whose fronts are being stopped.
    ``enabled`` False is a stopped service: nothing runs, everything is kept. ``traffic`` says how
    requests are shared out; ``default_version`` takes what nobody was given.
    ``control_version`` is Azure's mark of the version that others are compared with, '' for none.
    ``compute`` names the compute target it was deployed to, '' for the machine itself.
    """

    id: str
    workspace: str
    name: str
    kind: ServiceKind
    auth: Auth
    created: datetime
    updated: datetime
    default_version: str = DEFAULT_VERSION
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    port: int | None = None
    created_by: str = ""
    deleting: bool = False
    enabled: bool = True
    traffic: Traffic = field(default_factory=Traffic)
    control_version: str = ""
    compute: str = ""

    def __post_init__(self) -> None:
        check_name("service", self.name)


@dataclass(frozen=True, slots=True)
class Keys:
    """The two scoring keys in clear; stores keep them encrypted."""

    primary: str
    secondary: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A service with all that is stored of it, as it was at one moment."""

    service: Service
    versions: Sequence[ServiceVersion]
    revisions: Sequence[Revision]
    keys: Keys


NEWEST = 0
"""In an ``Edit``, as ``ServiceVersion.switch``: the number that its new revision is given."""


@dataclass(frozen=True, slots=True)
class Edit:
    """
    What changes of a service at once: whole or not at all.

    ``versions`` are those that are new or changed, ``revision`` is a new one that its version
    wants from now on; a new version comes with one. ``keys`` None stay. ``events`` say what and by
    whom.
    """

    service: Service
    versions: tuple[ServiceVersion, ...] = ()
    revision: Revision | None = None
    keys: Keys | None = None
    events: tuple[Event, ...] = ()
