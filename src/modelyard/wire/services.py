"""Services: deployed models behind one address."""

from datetime import datetime
from typing import Any

from modelyard.wire.base import Request, Wire
from modelyard.wire.contents import Content, Limits, LocalModel, ServingOptions
from modelyard.wire.environments import EnvironmentDefinition


class ServiceRequest(Request):
    """
    Deploys a service; with ``overwrite`` one of that name gets a new revision.

    ``auth`` None means the kind's default: off for ACI and Local, key for all others.
    ``kind``: NATIVE, ACI, AKS, AKSENDPOINT or Local. ``configuration`` keeps Azure's arguments.
    ``version`` names its first version ('' is 'default'), ``traffic`` that one's share in percent;
    with ``overwrite`` the version of that name gets the new revision. ``compute`` is the name of a
    compute target, '' for the machine itself. ``sticky`` is as in ``Traffic``.
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
    version: str = ""
    traffic: float | None = None
    compute: str = ""
    sticky: str = ""


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


class Version(Wire):
    """
    A named version of a service; ``state``, ``step`` and ``error`` as a service's.

    ``traffic`` is the share in percent that it gets now, ``given`` what was asked for it (None:
    nothing was). ``type`` is Azure's 'Control' or 'Treatment', or ''. ``stop_at`` is when it is
    stopped because another took over. ``scoring_uri`` is the service's: the header
    ``azureml-model-deployment`` picks the version.
    """

    name: str
    service: str
    workspace: str
    state: str
    step: str = ""
    error: dict[str, Any] | None = None
    is_default: bool = False
    type: str = ""
    traffic: float = 0.0
    given: float | None = None
    shadow: float = 0.0
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    configuration: dict[str, Any] = {}
    models: list[str] = []
    environment: dict[str, Any] = {}
    entry_script: str = ""
    framework: str = ""
    enabled: bool = True
    created: datetime | None = None
    updated: datetime | None = None
    stop_at: datetime | None = None
    live_revision: int | None = None
    wanted_revision: int | None = None
    revisions: list[Revision] = []
    notes: list[str] = []


class Traffic(Wire):
    """
    How the requests of a service are shared out, in percent.

    ``shares`` are those in force, all versions; ``given`` those that were asked for; what is left
    of them goes to ``default``. ``closed``: no version has any, requests without the header get
    404. ``sticky``: '', 'header:NAME', 'cookie:NAME' or 'cookie'. ``shadows``: copies by version.
    ``previous``: shares that a rollback brings back. ``in_force``: whether the gateway does so
    yet.
    """

    shares: dict[str, float]
    given: dict[str, float] = {}
    default: str = ""
    closed: bool = False
    sticky: str = ""
    shadows: dict[str, float] = {}
    previous: dict[str, float] | None = None
    in_force: bool = True


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
    default_version: str = ""
    versions: list[Version] = []
    traffic: Traffic | None = None
    compute: str = ""


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
