"""
Every extension point, on one page.

All methods are synchronous and may be called from several threads at once. A store's method is one
transaction: it happens whole or not at all. 'Raises NotFound' means that the thing itself is
missing. Whatever is not said to raise may be repeated without harm.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from modelyard.domain.computes import Compute
from modelyard.domain.environments import (
    Build,
    BuildState,
    BuiltEnvironment,
    Environment,
    EnvironmentDefinition,
    Recipe,
)
from modelyard.domain.events import Event
from modelyard.domain.experiments import Experiment
from modelyard.domain.fronts import FrontSpec, FrontStatus
from modelyard.domain.images import Image
from modelyard.domain.leases import Lease, ProcessIdentity
from modelyard.domain.manifests import Manifest
from modelyard.domain.measuring import Measured, Question
from modelyard.domain.models import Model
from modelyard.domain.processes import ProcessSpec, ProcessStatus
from modelyard.domain.rollouts import Rollout
from modelyard.domain.routing import RoutingTable
from modelyard.domain.runs import Metric, Run, RunFile
from modelyard.domain.services import (
    Edit,
    Keys,
    Revision,
    Service,
    ServiceVersion,
    Stored,
)
from modelyard.domain.shadows import Shadow
from modelyard.domain.tokens import Token
from modelyard.domain.workspaces import Workspace


class Clock(Protocol):
    """The time; a fake one in tests."""

    def now(self) -> datetime:
        """The present time, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class WorkspaceStore(Protocol):
    """Workspaces by name."""

    def add(self, workspace: Workspace) -> None:
        """Raises AlreadyExists when the name is taken."""

    def get(self, name: str) -> Workspace:
        """Raises NotFound."""

    def list(self) -> Sequence[Workspace]:
        """All, by name."""

    def update(self, workspace: Workspace) -> None:
        """Replace tags and cloud. Raises NotFound."""

    def remove(self, name: str) -> None:
        """Remove it with all that it holds but services. Raises NotFound, InUse with services."""


class ExperimentStore(Protocol):
    """Experiments by workspace and name."""

    def ensure(self, experiment: Experiment) -> Experiment:
        """The one of that name, added if it was missing. Raises NotFound without workspace."""

    def get(self, workspace: str, name: str) -> Experiment:
        """Raises NotFound."""

    def list(self, workspace: str) -> Sequence[Experiment]:
        """All of the workspace, by name, archived ones too."""

    def update(self, experiment: Experiment) -> None:
        """Replace tags and archived. Raises NotFound."""

    def remove(self, workspace: str, name: str) -> None:
        """Raises NotFound, InUse while it has runs."""


class RunStore(Protocol):
    """Runs with their metrics and files."""

    def add(self, run: Run) -> Run:
        """The run with its ``number`` set to the experiment's next. Raises AlreadyExists."""

    def get(self, workspace: str, id: str) -> Run:
        """Raises NotFound."""

    def list(
        self,
        workspace: str,
        *,
        experiment: str | None = None,
        status: str | None = None,
        type: str | None = None,
        parent: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str | None] | None = None,
        include_children: bool = True,
        limit: int | None = None,
        before: int | None = None,
    ) -> Sequence[Run]:
        """
        Newest first. ``parent`` gives that run's children. A tag with value None asks for the key
        alone. ``before`` and ``limit`` page by the hidden insertion number (``Run`` order).
        """

    def change(self, workspace: str, id: str, decide: Callable[[Run], Run]) -> Run:
        """
        Read, decide and write in one transaction; ``decide`` may raise to refuse. Raises NotFound.
        """

    def open_jobs(self) -> Sequence[Run]:
        """Runs of all workspaces that are jobs and have not ended, oldest first."""

    def add_metrics(self, workspace: str, id: str, metrics: Sequence[Metric]) -> None:
        """Append in order. Raises NotFound."""

    def metrics(self, workspace: str, id: str, name: str | None = None) -> Sequence[Metric]:
        """In the order logged. Raises NotFound."""

    def put_files(self, workspace: str, id: str, files: Sequence[RunFile]) -> None:
        """Add or replace by path. Raises NotFound."""

    def files(self, workspace: str, id: str) -> Sequence[RunFile]:
        """By path. Raises NotFound."""


class ModelStore(Protocol):
    """Registered models."""

    def add(self, model: Model) -> Model:
        """The model with ``version`` set to the name's next (never one used before)."""

    def get(self, workspace: str, name: str, version: int | None = None) -> Model:
        """The latest without a version. Raises NotFound."""

    def list(
        self,
        workspace: str,
        *,
        name: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str | None] | None = None,
        run_id: str | None = None,
        framework: str | None = None,
        latest: bool = False,
    ) -> Sequence[Model]:
        """
        Newest first, without their samples, which may be large; a tag with value None asks for
        the key alone.
        """

    def change(
        self, workspace: str, name: str, version: int, decide: Callable[[Model], Model]
    ) -> Model:
        """Read, decide and write in one transaction. Raises NotFound."""

    def remove(self, workspace: str, name: str, version: int) -> None:
        """Raises NotFound."""


class ImageStore(Protocol):
    """Images: contents that services can be deployed from."""

    def add(self, image: Image) -> Image:
        """The image with ``version`` set to the name's next (never one used before)."""

    def get(self, workspace: str, name: str, version: int | None = None) -> Image:
        """The latest without a version. Raises NotFound."""

    def list(self, workspace: str, name: str | None = None) -> Sequence[Image]:
        """Newest first."""

    def change(
        self, workspace: str, name: str, version: int, decide: Callable[[Image], Image]
    ) -> Image:
        """Read, decide and write in one transaction. Raises NotFound."""

    def remove(self, workspace: str, name: str, version: int) -> None:
        """Raises NotFound."""


class EnvironmentStore(Protocol):
    """Registered environments, and builds of recipes."""

    def add(self, environment: Environment) -> Environment:
        """The version with equal definition if there is one, else the name's next version."""

    def get(self, workspace: str, name: str, version: int | None = None) -> Environment:
        """The latest without a version. Raises NotFound."""

    def list(self, workspace: str) -> Sequence[Environment]:
        """The latest version of each name, by name."""

    def ensure_build(self, build: Build) -> Build:
        """The build of that digest, added if missing; a failed one is queued again."""

    def get_build(self, digest: str) -> Build:
        """Raises NotFound."""

    def list_builds(self, *states: BuildState) -> Sequence[Build]:
        """Those in one of the states (all without any), oldest first."""

    def update_build(self, build: Build) -> None:
        """Replace state, finished and error. Raises NotFound."""


class ServiceStore(Protocol):
    """Services, their versions, revisions and keys."""

    def add(self, service: Service, keys: Keys) -> None:
        """Raises AlreadyExists, NotFound without workspace."""

    def get(self, workspace: str, name: str) -> Service:
        """Raises NotFound."""

    def list(self, workspace: str | None = None) -> Sequence[Service]:
        """Of one workspace or all, by workspace and name."""

    def everything(self) -> Sequence[Stored]:
        """All services with all of theirs, as at one moment, ordered as each alone."""

    def change(
        self,
        id: str,
        decide: Callable[[Service], Service],
        note: Callable[[Service, Service], Event | None] | None = None,
    ) -> Service:
        """
        Read, decide and write in one transaction, with the event that ``note`` makes of the
        service before and after. Raises NotFound.
        """

    def edit(self, id: str, decide: Callable[[Service, Sequence[ServiceVersion]], Edit]) -> Edit:
        """
        Read, decide and write in one transaction: the edit as it was written.

        ``decide`` is given the service and its versions by name, and may raise to refuse; its
        revision is given the version's next number. Of versions wanted and live stay. Raises
        NotFound.
        """

    def remove(self, id: str) -> None:
        """With versions, revisions and keys."""

    def keys(self, id: str) -> Keys:
        """Decrypted. Raises NotFound."""

    def set_keys(self, id: str, keys: Keys) -> None:
        """Raises NotFound."""

    def add_revision(self, revision: Revision) -> Revision:
        """
        The revision with its ``number`` set to the version's next, made the version's wanted one;
        the version is added if missing. Raises NotFound without the service.
        """

    def versions(self, service: str) -> Sequence[ServiceVersion]:
        """By name."""

    def change_version(
        self,
        service: str,
        version: str,
        decide: Callable[[ServiceVersion], ServiceVersion],
        event: Event | None = None,
    ) -> ServiceVersion:
        """
        Read, decide and write in one transaction, with the event; name, wanted and live stay.

        Raises NotFound.
        """

    def remove_version(self, service: str, version: str) -> None:
        """With its revisions. Repeatable."""

    def set_live(self, service: str, version: str, number: int | None) -> None:
        """Which revision is routed to. Raises NotFound."""

    def revisions(self, service: str) -> Sequence[Revision]:
        """By version name and number."""

    def update_revision(self, revision: Revision) -> None:
        """Replace state, error and notes. Raises NotFound."""

    def remove_revision(self, id: str) -> None:
        """Repeatable."""

    def references(self) -> Iterator[str]:
        """The digests of all manifests that revisions hold, for garbage collection."""


class EventStore(Protocol):
    """What was changed, in order."""

    def add(self, event: Event) -> Event:
        """The event with its ``number``."""

    def list(
        self,
        workspace: str,
        service: str | None = None,
        *,
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[Event]:
        """Newest first; ``before`` pages by the number."""


class RolloutStore(Protocol):
    """Rollouts of services."""

    def add(self, rollout: Rollout, event: Event | None = None) -> None:
        """With the event. Raises Conflict while another of the same service has not ended."""

    def get(self, workspace: str, id: str) -> Rollout:
        """Raises NotFound."""

    def list(self, service: str) -> Sequence[Rollout]:
        """Of a service by its id, newest first."""

    def open(self) -> Sequence[Rollout]:
        """All that have not ended, oldest first."""

    def change(
        self, id: str, decide: Callable[[Rollout], Rollout], event: Event | None = None
    ) -> Rollout:
        """Read, decide and write in one transaction, with the event. Raises NotFound."""

    def remove(self, service: str) -> None:
        """All of a service. Repeatable."""


class ComputeStore(Protocol):
    """Compute targets by workspace and name."""

    def add(self, compute: Compute) -> None:
        """Raises AlreadyExists, NotFound without workspace."""

    def get(self, workspace: str, name: str) -> Compute:
        """Raises NotFound."""

    def list(self, workspace: str) -> Sequence[Compute]:
        """By name."""

    def update(self, compute: Compute) -> None:
        """Replace all but its name. Raises NotFound."""

    def remove(self, workspace: str, name: str) -> None:
        """Raises NotFound."""


class Measurements(Protocol):
    """What came to the versions of services, as telemetry keeps it."""

    def measure(self, question: Question) -> Measured:
        """Raises Unavailable while telemetry cannot be asked."""


class TokenStore(Protocol):
    """API tokens, by id and by the hash of their secret."""

    def add(self, token: Token) -> None:
        """Raises AlreadyExists when the name is taken by one not revoked."""

    def find(self, sha256: str) -> Token | None:
        """The token of that secret's hash, revoked or not."""

    def list(self) -> Sequence[Token]:
        """Newest first, revoked ones too."""

    def revoke(self, id: str, when: datetime) -> None:
        """Raises NotFound. Repeatable: the first time stays."""


class LeaseStore(Protocol):
    """The one leader lease."""

    def read(self) -> Lease | None:
        """Who leads, or None before the first."""

    def take(self, holder: ProcessIdentity, expected: Lease | None) -> Lease | None:
        """Take it while it is still ``expected``: the new lease; None when someone was faster."""


class SnapshotStore(Protocol):
    """Manifests by digest: what models, snapshots and run folders are made of."""

    def add(self, manifest: Manifest) -> str:
        """Its digest. Repeatable."""

    def get(self, digest: str) -> Manifest:
        """Raises NotFound."""

    def digests(self) -> Iterator[str]:
        """All."""

    def remove(self, digest: str) -> None:
        """Repeatable."""


class UsageStore(Protocol):
    """What workspaces hold, counted."""

    def by_workspace(self) -> Mapping[str, int]:
        """
        Bytes of the files that each workspace's models, runs, services and images hold.

        The same manifest, and the same file of runs, counts once in a workspace.
        """


class BlobStore(Protocol):
    """Files by the SHA-256 of their bytes; the same bytes are kept once."""

    def has(self, sha256: str) -> bool:
        """Whether it is there, whole."""

    def missing(self, digests: Iterable[str]) -> Sequence[str]:
        """Those that are not there, in the order asked, without repeats."""

    def upload_size(self, sha256: str) -> int:
        """Bytes received so far of an unfinished upload; 0 when there is none."""

    def append(self, sha256: str, offset: int, chunks: Iterable[bytes], *, last: bool) -> int:
        """
        Go on with an upload at ``offset``; the new size.

        With ``last`` the digest is verified and the file put in place at once. Raises Conflict
        when ``offset`` is not the present size, BadInput (and forgets the upload) when the digest
        is another, DiskFull (what was received stays, to go on later).
        """

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        """Store a whole stream: its digest and size. Raises DiskFull, leaving nothing."""

    def open(self, sha256: str) -> BinaryIO:
        """Raises NotFound."""

    def lay_out(self, manifest: Manifest, folder: Path) -> None:
        """
        Copy (reflink where the file system can) the files to ``folder``, complete or not at all.

        Raises NotFound naming a missing file, DiskFull.
        """

    def sweep(self, keep: Iterable[str], older_than: datetime) -> tuple[int, int]:
        """
        Remove blobs not in ``keep`` and unfinished uploads, both last touched before.

        Gives how many and how many bytes.
        """

    def usage(self) -> int:
        """Bytes of all blobs."""


class EnvironmentBuilder(Protocol):
    """Makes environments from definitions."""

    def resolve(
        self, definition: EnvironmentDefinition, records: Sequence[Mapping[str, Any]] = ()
    ) -> Recipe:
        """
        The recipe; ``records`` are the models' (Model.record, with ``"model": name`` for the
        notes): unpinned packages that they name are pinned to what they say, with a note.
        Raises BadEnvironment.
        """

    def find(self, digest: str) -> BuiltEnvironment | None:
        """The environment when it is built whole."""

    def build(self, recipe: Recipe, log: Callable[[str], None]) -> BuiltEnvironment:
        """
        Build it unless it is there; lines of progress go to ``log``. Several callers at once, in
        one process or many, build once. Raises EnvironmentBuildFailed and leaves nothing behind.
        """

    def digests(self) -> Sequence[str]:
        """Those built."""

    def remove(self, digest: str) -> int:
        """Bytes freed. Repeatable."""


class Target(Protocol):
    """Where fronts run."""

    def start(self, spec: FrontSpec) -> None:
        """Ask for a front. Repeatable; returns at once."""

    def observe(self, ids: Iterable[str]) -> Mapping[str, FrontStatus]:
        """What each says of itself; state GONE for one that is not there."""

    def drain(self, id: str) -> None:
        """Let it finish what it has. Repeatable; returns at once."""

    def stop(self, id: str) -> None:
        """End it. Repeatable; returns at once."""

    def shadow(self, id: str, shadows: Sequence[Shadow]) -> bool:
        """
        Have it copy requests to exactly these from now on, also when it starts anew.

        False where it did not understand: it goes on as it is. Repeatable; returns at once.
        """

    def running(self) -> Sequence[str]:
        """Ids of all fronts that were asked for and not stopped."""

    def logs(self, id: str, lines: int) -> Sequence[str]:
        """The last lines that its workers printed, oldest first."""

    def description(self, id: str) -> bytes | None:
        """
        Its OpenAPI document, also when it was stopped; None where no worker was ever ready.
        """

    def capacity(self) -> tuple[float, int]:
        """Cores and bytes of memory that this target has."""


class Gateway(Protocol):
    """The one port that everybody calls."""

    def apply(self, table: RoutingTable) -> None:
        """
        Serve exactly this table from now on. Repeatable; returns when it is in force.

        Raises GatewayFailed (the old table stays in force).
        """

    def settled(self) -> bool:
        """Whether no older process of the gateway still finishes requests."""


class Supervision(Protocol):
    """The supervisor, as the control plane sees it."""

    def want(self, *specs: ProcessSpec) -> None:
        """Add or change processes that shall run. Repeatable."""

    def drop(self, *names: str) -> None:
        """Processes that shall run no more. Repeatable."""

    def wanted(self) -> Mapping[str, ProcessSpec]:
        """All that shall run."""

    def statuses(self) -> Mapping[str, ProcessStatus]:
        """What runs, as the supervisor last wrote it."""
