"""What workspaces hold, counted the same over every database."""

from datetime import UTC, datetime

import pytest

from modelyard.domain.experiments import Experiment
from modelyard.domain.manifests import FileEntry, Manifest
from modelyard.domain.models import Model
from modelyard.domain.runs import Run, RunFile, RunStatus
from modelyard.domain.services import (
    Auth,
    Keys,
    ModelRef,
    Revision,
    RevisionContent,
    RevisionState,
    Service,
    ServiceKind,
)
from modelyard.domain.workspaces import Workspace
from modelyard.stores.stores import Stores
from tests.stores.backends import OverMemory, OverPostgreSQL, OverSQLite

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def kept(stores: Stores, letter: str, size: int) -> Manifest:
    manifest = Manifest.of([FileEntry(f"{letter}.bin", letter * 64, size)])
    stores.snapshots.add(manifest)
    return manifest


def add_model(stores: Stores, workspace: str, name: str, manifest: Manifest) -> None:
    stores.models.add(Model(workspace, name, 0, manifest.digest, manifest.size, NOW))


class UsageStoreSuite:
    @pytest.fixture
    def two(self, stores: Stores) -> Stores:
        for name in ("one", "two"):
            stores.workspaces.add(Workspace(f"ws-{name}", name, NOW))
            stores.experiments.ensure(Experiment(f"exp-{name}", name, "first", NOW))
        return stores

    def test_an_empty_workspace_uses_nothing(self, two: Stores) -> None:
        assert two.usage.by_workspace() == {"one": 0, "two": 0}

    def test_the_same_model_counts_once_in_each_workspace(self, two: Stores) -> None:
        manifest = kept(two, "a", 100)
        add_model(two, "one", "m", manifest)
        add_model(two, "one", "again", manifest)
        add_model(two, "two", "m", manifest)

        assert two.usage.by_workspace() == {"one": 100, "two": 100}

    def test_files_and_snapshots_of_runs_count(self, two: Stores) -> None:
        snapshot = kept(two, "a", 100)
        for id in ("r1", "r2"):
            two.runs.add(
                Run(id, "one", "first", 0, RunStatus.RUNNING, NOW, snapshot=snapshot.digest)
            )
            two.runs.put_files("one", id, [RunFile("outputs/x", "b" * 64, 7)])
        two.runs.put_files("one", "r1", [RunFile("outputs/y", "c" * 64, 5)])

        assert two.usage.by_workspace() == {"one": 112, "two": 0}

    def test_what_services_were_given_counts(self, two: Stores) -> None:
        source, model, local = kept(two, "a", 3), kept(two, "b", 40), kept(two, "c", 500)
        add_model(two, "two", "m", model)
        two.services.add(
            Service("svc", "two", "svc", ServiceKind.ACI, Auth.OFF, NOW, NOW), Keys("k", "l")
        )
        refs = (ModelRef("m", 1, model.digest), ModelRef("mine", 0, local.digest))
        content = RevisionContent(source.digest, "score.py", refs, "r" * 64)
        two.services.add_revision(
            Revision("rev", "svc", "default", 0, content, RevisionState.PENDING, NOW)
        )

        assert two.usage.by_workspace() == {"one": 0, "two": 543}
        assert two.usage.by_workspace() == {"one": 0, "two": 543}  # from what it remembers


class TestMemory(OverMemory, UsageStoreSuite):
    pass


class TestSQLite(OverSQLite, UsageStoreSuite):
    pass


class TestPostgreSQL(OverPostgreSQL, UsageStoreSuite):
    pass
