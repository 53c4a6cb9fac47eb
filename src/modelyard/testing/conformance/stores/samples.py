"""Values that the suites store, and a way to do many things at once."""

import hashlib
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from modelyard.domain.computes import Compute
from modelyard.domain.environments import (
    Build,
    BuildState,
    Environment,
    EnvironmentDefinition,
    Recipe,
)
from modelyard.domain.events import Event
from modelyard.domain.experiments import Experiment
from modelyard.domain.images import Image
from modelyard.domain.leases import ProcessIdentity
from modelyard.domain.manifests import FileEntry, Manifest
from modelyard.domain.models import Model
from modelyard.domain.rollouts import Rollout
from modelyard.domain.runs import Metric, MetricKind, Run, RunStatus
from modelyard.domain.services import (
    Auth,
    Keys,
    Limits,
    ModelRef,
    Revision,
    RevisionContent,
    RevisionState,
    Service,
    ServiceKind,
    Serving,
)
from modelyard.domain.tokens import Role, Token
from modelyard.domain.workspaces import Workspace
from modelyard.stores.stores import Stores

T = TypeVar("T")

NOW = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
KEYS = Keys("first key", "second key")
TAGS = {"b": "2", "a": 'a "quoted" 值', "": "empty key"}


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """What ``work(0)``, ``work(1)`` … gave, all started together in threads of their own."""
    start = threading.Barrier(count)

    def one(index: int) -> T:
        start.wait()
        return work(index)

    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(one, range(count)))


def sha256(data: bytes | str) -> str:
    """The digest of some bytes or text."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def workspace(name: str = "lab", **changes: Any) -> Workspace:
    """A workspace."""
    return replace(Workspace(f"id-{name}", name, NOW), **changes)


def experiment(name: str = "salary", **changes: Any) -> Experiment:
    """An experiment of the workspace ``lab``."""
    return replace(Experiment(f"id-{name}", "lab", name, NOW), **changes)


def run(id: str = "run-1", **changes: Any) -> Run:
    """A run of the experiment ``salary``."""
    plain = Run(
        id=id,
        workspace="lab",
        experiment="salary",
        number=0,
        status=RunStatus.RUNNING,
        created=NOW,
    )
    return replace(plain, **changes)


def metric(name: str = "loss", value: Any = 0.5, **changes: Any) -> Metric:
    """A scalar."""
    return replace(Metric(name, MetricKind.SCALAR, value, NOW), **changes)


def model(name: str = "salary-model", **changes: Any) -> Model:
    """A model that has no version yet."""
    plain = Model(
        workspace="lab",
        name=name,
        version=0,
        manifest=sha256(name),
        size=3_000_000_000,
        created=NOW,
    )
    return replace(plain, **changes)


def tensor(name: str, values: list[Any]) -> dict[str, Any]:
    """A column of a sample."""
    datatype = "BYTES" if any(isinstance(value, str) for value in values) else "FP64"
    return {"name": name, "datatype": datatype, "shape": [len(values), 1], "data": values}


def environment(name: str = "sklearn", **definition: Any) -> Environment:
    """An environment that has no version yet."""
    return Environment("lab", name, 0, EnvironmentDefinition(name, **definition), NOW)


def build(*requirements: str, **changes: Any) -> Build:
    """A queued build of a recipe with these requirements."""
    recipe = Recipe("3.11", requirements, options=("--pre",), notes=("dropped one",))
    plain = Build(
        digest=recipe.digest,
        recipe=recipe,
        state=BuildState.QUEUED,
        requested=NOW,
    )
    return replace(plain, **changes)


def service(name: str = "salary", **changes: Any) -> Service:
    """A service of the workspace ``lab``."""
    plain = Service(
        id=f"svc-{name}",
        workspace="lab",
        name=name,
        kind=ServiceKind.ACI,
        auth=Auth.KEY,
        created=NOW,
        updated=NOW,
    )
    return replace(plain, **changes)


def content(source: str = "source", *models: str) -> RevisionContent:
    """The content of a revision, with every part that nests."""
    return RevisionContent(
        source=sha256(source),
        entry_script="score.py",
        models=tuple(ModelRef(name, 1, sha256(name)) for name in models),
        recipe=sha256("recipe"),
        environment={"name": "sklearn", "version": 1},
        variables={"KEY": "value"},
        limits=Limits(cpu=0.5, memory=2**31),
        serving=Serving(workers=2, cors_origins=("https://example.org",)),
    )


def image(name: str = "salary-image", **changes: Any) -> Image:
    """An image that has no version yet."""
    return replace(Image("lab", name, 0, content(), NOW), **changes)


def revision(id: str = "rev-1", **changes: Any) -> Revision:
    """A revision of the service ``svc-salary``."""
    plain = Revision(
        id=id,
        service="svc-salary",
        version="default",
        number=0,
        content=content(),
        state=RevisionState.PENDING,
        created=NOW,
    )
    return replace(plain, **changes)


def compute(name: str = "cluster", **changes: Any) -> Compute:
    """A compute target of the workspace ``lab``."""
    plain = Compute(workspace="lab", name=name, kind="AKS", created=NOW, updated=NOW)
    return replace(plain, **changes)


def event(**changes: Any) -> Event:
    """A change of the service ``salary`` that has no number yet."""
    plain = Event(workspace="lab", service="salary", time=NOW, who="ci", what="traffic")
    return replace(plain, **changes)


def rollout(id: str = "ro-1", **changes: Any) -> Rollout:
    """A rollout of the service ``svc-salary`` that runs."""
    plain = Rollout(
        id=id,
        workspace="lab",
        service="svc-salary",
        name="salary",
        candidate="green",
        control="blue",
        steps=(10, 1000),
        created=NOW,
        updated=NOW,
    )
    return replace(plain, **changes)


def token(name: str = "ci", **changes: Any) -> Token:
    """A token."""
    plain = Token(
        id=f"id-{name}",
        name=name,
        role=Role.CONTRIBUTOR,
        sha256=sha256(name),
        created=NOW,
    )
    return replace(plain, **changes)


def process(pid: int = 100) -> ProcessIdentity:
    """A process of this boot."""
    return ProcessIdentity("boot", pid, 2**40)


def manifest(
    files: dict[str, bytes], *, single: bool = False, run: Iterable[str] = ()
) -> Manifest:
    """A manifest of these files; those in ``run`` are executable."""
    executable = set(run)
    return Manifest.of(
        (FileEntry(p, sha256(data), len(data), p in executable) for p, data in files.items()),
        single=single,
    )


def furnished(stores: Stores) -> Stores:
    """The stores with the workspace ``lab`` and its experiment ``salary``."""
    stores.workspaces.add(workspace())
    stores.experiments.ensure(experiment())
    return stores
