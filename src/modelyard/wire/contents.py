"""Contents: what is run, within what limits and how, of services, versions and images."""

from modelyard.wire.base import Fixed, Wire
from modelyard.wire.environments import EnvironmentDefinition


class LocalModel(Wire):
    """A model that is not registered: uploaded files by manifest digest, version 0."""

    name: str
    manifest: str


class Limits(Fixed, frozen=True):
    """
    What is to be enforced: cores, GB (10^9 bytes), GPU cards; None: not enforced.

    They hold for all workers together; with ``each``, cores and GB are for each worker, as Azure
    counts for each replica, and together they get at most the machine.
    """

    cpu: float | None = None
    memory_gb: float | None = None
    gpu: int | None = None
    each: bool = False


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

    ``max_workers``: autoscaling from ``workers`` up to it, by ``target_utilization`` (above 0 to
    1), looked at every ``refresh`` seconds; 0 switches it off, -1 is as many as the machine has
    cores, 10 at most. ``idle_timeout``: seconds without a
    request after which no worker runs, 0 for never; a request then waits ``cold_start_timeout``.
    ``concurrency``: requests that a worker may have waiting or running.
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
    max_workers: int | None = None
    target_utilization: float | None = None
    refresh: float | None = None
    idle_timeout: float | None = None
    cold_start_timeout: float | None = None
    concurrency: int | None = None


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
