"""A home with something of every kind in it, made through the real stores."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from modelyard import settings as settings_
from modelyard.bootstrap.home import prepare
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
from modelyard.domain.manifests import FileEntry, Manifest
from modelyard.domain.models import Model
from modelyard.domain.rollouts import Rollout
from modelyard.domain.runs import Metric, MetricKind, Run, RunFile, RunStatus
from modelyard.domain.services import (
    Auth,
    Edit,
    Keys,
    ModelRef,
    Revision,
    RevisionContent,
    RevisionState,
    Service,
    ServiceKind,
    ServiceVersion,
)
from modelyard.domain.tokens import Role, Token
from modelyard.domain.traffic import Split
from modelyard.domain.workspaces import Workspace
from modelyard.settings import Settings
from modelyard.stores.blobs import FileBlobStore
from modelyard.stores.secret import read_or_create_secret
from modelyard.stores.sql import dumps
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.stores.sql.opening import open_sql
from modelyard.stores.stores import Stores
from modelyard.usecases.traffic_rules import with_split

NOW = datetime(2026, 5, 4, 3, 2, 1, 123456, tzinfo=UTC)
RECIPE = Recipe("3.11", ("scikit-learn==1.7",))


@dataclass
class Filled:
    """A home that a test works with."""

    settings: Settings
    stores: Stores
    blobs: FileBlobStore

    def close(self) -> None:
        self.stores.close()

    def keep(self, *contents: bytes) -> Manifest:
        """Files of these bytes, and the manifest that names them."""
        entries = []
        for number, content in enumerate(contents):
            digest, size = self.blobs.put(io.BytesIO(content))
            entries.append(FileEntry(f"folder/{number}.bin", digest, size))
        manifest = Manifest.of(entries)
        self.stores.snapshots.add(manifest)
        return manifest

    def rows(self) -> dict[str, list[dict[str, object]]]:
        """Everything in the database."""
        return rows_of(self.settings.database_url)


def rows_of(url: str) -> dict[str, list[dict[str, object]]]:
    """Everything in a database, in a form that can be compared."""
    database = Database(connect(url))
    try:
        with dumps.snapshot(database) as connection:
            return {
                table: [_comparable(row) for row in dumps.rows(connection, table)]
                for table in dumps.layout()
            }
    finally:
        database.close()


def _comparable(row: dict[str, object]) -> dict[str, object]:
    return {key: repr(value) for key, value in row.items()}  # NaN is not equal to itself


def home(folder: Path, url: str | None = None) -> Settings:
    """Settings of a home that may not exist yet."""
    variables = {"MODELYARD_HOME": str(folder)}
    return settings_.read(variables | ({"MODELYARD_DATABASE_URL": url} if url else {}))


def opened(settings: Settings) -> Filled:
    """The home's stores; made when there are none."""
    prepare(settings)
    secret = read_or_create_secret(settings.home / "secret.key")
    return Filled(settings, open_sql(settings.database_url, secret), FileBlobStore(settings.home))


def filled(settings: Settings) -> Filled:
    """A home with one of everything: a service that is live and one that is being updated."""
    it = opened(settings)
    stores = it.stores
    stores.workspaces.add(Workspace("ws-1", "tracks", NOW, tags={"b": "2", "a": "ü\n"}))
    stores.experiments.ensure(Experiment("exp-1", "tracks", "first", NOW))
    snapshot, source = it.keep(b"snapshot"), it.keep(b"def run(d): ...", b"more")
    model = it.keep(b"weights" * 5000)
    stores.runs.add(
        Run("run-1", "tracks", "first", 0, RunStatus.COMPLETED, NOW, snapshot=snapshot.digest)
    )
    values = [1.5, math.nan, math.inf, {"a": [1, None, "x"]}, -3]
    stores.runs.add_metrics(
        "tracks", "run-1", [Metric("loss", MetricKind.SCALAR, value, NOW) for value in values]
    )
    digest, size = it.blobs.put(io.BytesIO(b"output"))
    stores.runs.put_files("tracks", "run-1", [RunFile("outputs/a.txt", digest, size)])
    stores.models.add(
        Model("tracks", "salary", 0, model.digest, model.size, NOW, record={"python": "3.11.7"})
    )
    definition = EnvironmentDefinition("env", pip_packages=("scikit-learn",))
    stores.environments.add(Environment("tracks", "env", 0, definition, NOW))
    stores.environments.ensure_build(
        Build(RECIPE.digest, RECIPE, BuildState.SUCCEEDED, NOW, NOW + timedelta(seconds=5))
    )
    content = RevisionContent(
        source.digest, "score.py", (ModelRef("salary", 1, model.digest),), RECIPE.digest
    )
    _service(stores, "steady", content, [RevisionState.STOPPED, RevisionState.READY], live=2)
    _service(stores, "updating", content, [RevisionState.READY, RevisionState.STARTING], live=1)
    _versions(stores, content)
    stores.tokens.add(Token("tok-1", "ci", Role.CONTRIBUTOR, "ab" * 32, NOW))
    return it


def _versions(stores: Stores, content: RevisionContent) -> None:
    """A service with two versions, a rollout between them, events, and its compute target."""
    stores.computes.add(Compute("tracks", "cluster", "AKS", NOW, NOW, cpu=1.5, memory=2**40))
    _service(stores, "shared", content, [RevisionState.READY], live=1)
    green = Revision("shared-2", "svc-shared", "green", 0, content, RevisionState.READY, NOW)
    told = Event("tracks", "shared", NOW, "ci", "traffic", after={"shares": {"green": 10.0}})

    def share(service: Service, _: Sequence[ServiceVersion]) -> Edit:
        split = Split({"green": 100}, "default")
        version = ServiceVersion(service.id, "green", 1, tags={"a": "1"}, stop_at=NOW, created=NOW)
        changed = replace(with_split(service, split), compute="cluster")
        return Edit(changed, (version,), green, events=(told,))

    stores.services.edit("svc-shared", share)
    stores.services.set_live("svc-shared", "green", 1)
    stores.rollouts.add(
        Rollout(
            *("roll-1", "tracks", "svc-shared", "shared", "green", "default", (10, 1000), NOW, NOW)
        ),
        told,
    )


def _service(
    stores: Stores, name: str, content: RevisionContent, states: list[RevisionState], live: int
) -> None:
    service = Service(f"svc-{name}", "tracks", name, ServiceKind.ACI, Auth.KEY, NOW, NOW)
    stores.services.add(service, Keys(f"{name}-one", f"{name}-two"))
    for state in states:
        number = len(stores.services.revisions(service.id)) + 1
        id = f"{name}-{number}"
        stores.services.add_revision(
            Revision(id, service.id, "default", 0, content, state, NOW, notes=("a note",))
        )
    stores.services.set_live(service.id, "default", live)
