"""Services: deployed models behind one address."""

from datetime import datetime
from typing import Any

from modelyard.wire.base import Fixed, Request, Wire
from modelyard.wire.environments import EnvironmentDefinition


class LocalModel(Wire):
    """A model that is not registered: uploaded files by manifest digest, version 0."""

    name: str
    manifest: str


class Limits(Fixed, frozen=True):
    """What is to be enforced: cores, GB (10^9 bytes), GPU cards; None: not enforced."""

    cpu: float | None = None
    memory_gb: float | None = None
    gpu: int | None = None


class Batching(Fixed, frozen=True):
    """Requests run together: how many at most, and the milliseconds an idle worker waits."""

    max_size: int = 64
    max_wait_ms: float = 0.0


class ServingOptions(Fixed, frozen=True):
    """
    How requests are run; seconds, bytes. None means the server's default.

    ``tracebacks``: into the answer too. ``detect_failures``: a text that is an exception's counts
    as failed. ``nan``: 'null' or 'error'. ``preload``: workers are forked from one that loaded the
    model. ``fronts``: front processes. ``collect_model_data``: inputs and outputs are kept.
    """

    workers: int | None = None
    scoring_timeout: float | None = None
    queue_limit: int | None = None
    queue_wait: float | None = None
    body_limit: int | None = None
    init_timeout: float | None = None
    cors_origins: list[str] | None = None
    batching: Batching | None = None
    tracebacks: bool | None = None
    detect_failures: bool | None = None
    nan: str | None = None
    preload: bool | None = None
    fronts: int | None = None
    collect_model_data: bool | None = None


class Content(Wire):
    """
    What a revision runs.

    ``source`` is the digest of the source folder's manifest, ``entry_script`` relative to it,
    ``source_name`` the folder's name below the app root ('' for the root itself). ``models`` are
    ids ``name:version`` or names (latest).

    Without ``source`` and ``entry_script`` the one model is served by its framework; then
    ``environment`` None has the server choose it, and choose anew for other models.
    """

    source: str = ""
    entry_script: str = ""
    environment: EnvironmentDefinition | None = None
    models: list[str] = []
    local_models: list[LocalModel] = []
    source_name: str = ""
    variables: dict[str, str] = {}
    limits: Limits = Limits()
    serving: ServingOptions = ServingOptions()


class ServiceRequest(Request):
    """
    Deploys a service; with ``overwrite`` one of that name gets a new revision.

    ``auth`` None means the kind's default: off for ACI and Local, key for all others.
    ``kind``: NATIVE, ACI, AKS, AKSENDPOINT or Local. ``configuration`` keeps Azure's arguments.
    """

    name: str
    content: Content
    kind: str = "NATIVE"
    auth: str | None = None
    overwrite: bool = False
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    configuration: dict[str, Any] = {}
    primary_key: str | None = None
    secondary_key: str | None = None
    port: int | None = None


class ServiceChange(Request):
    """
    Changes what is not None; a new ``content`` makes a new revision.

    The parts of the content may change alone: ``models``, ``source``/``entry_script``,
    ``environment``, ``limits``, ``serving``, ``variables``; the others stay. ``enabled`` False
    stops the service and keeps it.
    """

    auth: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    remove_tags: list[str] | None = None
    properties: dict[str, str] | None = None
    configuration: dict[str, Any] | None = None
    content: Content | None = None
    models: list[str] | None = None
    local_models: list[LocalModel] | None = None
    source: str | None = None
    source_name: str | None = None
    entry_script: str | None = None
    environment: EnvironmentDefinition | None = None
    variables: dict[str, str] | None = None
    limits: Limits | None = None
    serving: ServingOptions | None = None
    enabled: bool | None = None
    reload: bool = False


class Revision(Wire):
    """One content of a service version; ``error``: type, message, file, line, traceback, log."""

    id: str
    version: str
    number: int
    state: str
    created: datetime
    content: dict[str, Any] = {}
    error: dict[str, Any] | None = None
    notes: list[str] = []
    workers: int = 0
    ready_workers: int = 0
    in_flight: int = 0
    queued: int = 0
    served: int = 0
    restarts: int = 0
    limits: str = "none"


class Service(Wire):
    """
    A service; ``state`` Transitioning, Healthy, Unhealthy, Failed, Deleting or Stopped.

    ``step`` says in words what is being done or waited for while Transitioning. ``error`` is
    that of the wanted revision. ``auth`` off, key or token. ``entry_script`` '' means that there
    is no script: the model is served by ``framework``, like 'ScikitLearn 1.7.2'.
    """

    id: str
    workspace: str
    name: str
    kind: str
    state: str
    auth: str
    scoring_uri: str
    swagger_uri: str
    created: datetime
    updated: datetime
    step: str = ""
    error: dict[str, Any] | None = None
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    configuration: dict[str, Any] = {}
    models: list[str] = []
    environment: dict[str, Any] = {}
    entry_script: str = ""
    framework: str = ""
    port: int | None = None
    created_by: str = ""
    enabled: bool = True
    live_revision: int | None = None
    wanted_revision: int | None = None
    revisions: list[Revision] = []
    notes: list[str] = []


class Keys(Wire):
    """The two scoring keys."""

    primary: str
    secondary: str


class KeyChange(Request):
    """Makes a new key, or sets the given one; ``key`` is Primary or Secondary."""

    key: str
    value: str | None = None


class Logs(Wire):
    """Lines of the workers' logs, oldest first."""

    lines: list[str]


class SchemaChange(Wire):
    """A change of what a service takes or gives: where, and what in words."""

    path: str
    text: str


class SchemaDiff(Wire):
    """What callers of the first service would notice of the second; ``breaking`` stops them."""

    breaking: list[SchemaChange]
    safe: list[SchemaChange]
