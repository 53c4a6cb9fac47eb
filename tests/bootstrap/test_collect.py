"""Garbage goes, and nothing else: also while others upload and register."""

import io
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modelyard.bootstrap.clock import SystemClock
from modelyard.bootstrap.collect import collect
from modelyard.bootstrap.collect_files import collect_files
from modelyard.bootstrap.gc_lock import files_may_go, files_stay
from modelyard.domain.environments import Build, BuildState, Environment, EnvironmentDefinition
from modelyard.domain.errors import BadInput, NotFound
from modelyard.domain.manifests import Manifest
from modelyard.domain.processes import ProcessSpec
from modelyard.environments.uv_builder import UvBuilder
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.supervisor.files import FileSupervision
from modelyard.targets.local.runtime import lay_worker
from modelyard.usecases.collect import Kind
from modelyard.usecases.models import Models
from modelyard.usecases.snapshots import Snapshots
from modelyard.wire.models import ModelRequest
from tests.bootstrap.filled import Filled, filled, home
from tests.bootstrap.postgres_fixture import postgres_server
from tests.stores.postgres import PostgresServer

__all__ = ["postgres_server"]

LONG_AGO = 1_000_000_000.0


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Filled]:
    it = filled(home(tmp_path / "home"))
    yield it
    it.close()


def make_old(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)


def counts(removed: Any) -> dict[Kind, int]:
    return {line.kind: line.count for line in removed if line.count}


def files_of(yard: Filled) -> set[str]:
    return {p.parent.name + p.name for p in (yard.settings.home / "blobs").glob("??/*")}


def test_what_something_refers_to_stays_however_old(yard: Filled) -> None:
    before, rows = files_of(yard), yard.rows()
    make_old(yard.settings.home)

    removed = collect(yard.settings, 1, pretend=False)

    assert counts(removed) == {}
    assert files_of(yard) == before
    assert yard.rows() == rows


def test_what_nothing_refers_to_goes_when_it_is_old(yard: Filled) -> None:
    before = files_of(yard)
    orphan = yard.keep(b"orphan", b"another")
    yard.blobs.put(io.BytesIO(b"never named"))
    (yard.settings.home / "uploads" / ("ab" * 32 + ".0")).write_bytes(b"begun")
    young = yard.keep(b"young")
    make_old(yard.settings.home)
    assert yard.blobs.missing(f.sha256 for f in young.files) == []  # asking makes it young

    removed = collect(yard.settings, 1, pretend=False)

    assert counts(removed) == {Kind.MANIFESTS: 1, Kind.FILES: 4}
    assert sum(line.size for line in removed) == len(b"orphananothernever namedbegun")
    assert files_of(yard) == before | {f.sha256 for f in young.files}
    assert orphan.digest not in set(yard.stores.snapshots.digests())
    assert young.digest in set(yard.stores.snapshots.digests())
    assert not list((yard.settings.home / "uploads").iterdir())


def test_a_dry_run_says_the_same_and_removes_nothing(yard: Filled) -> None:
    yard.keep(b"orphan")
    make_folder(yard, "services/gone", 100)
    make_old(yard.settings.home)
    before, rows = files_of(yard), yard.rows()

    said = collect(yard.settings, 1, pretend=True)

    assert files_of(yard) == before
    assert yard.rows() == rows
    assert (yard.settings.home / "services/gone").exists()
    assert collect(yard.settings, 1, pretend=False) == said


def make_folder(yard: Filled, name: str, size: int) -> Path:
    folder = yard.settings.home / name
    folder.mkdir(parents=True)
    (folder / "file").write_bytes(b"x" * size)
    return folder


def make_log(yard: Filled, name: str) -> Path:
    path = yard.settings.logs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a line\n")
    return path


def test_folders_and_logs_of_revisions_that_are_gone_go(yard: Filled) -> None:
    supervision = FileSupervision(yard.settings.run, 0)
    supervision.want(ProcessSpec("front-asked", ("x",), "x.log"))
    supervision.want(ProcessSpec("front-several.2", ("x",), "x.log"))
    kept = [
        make_folder(yard, "services/steady-2", 10),
        make_folder(yard, "services/asked", 10),
        make_folder(yard, "services/several", 10),
        make_log(yard, "services/several.1.log"),
        make_log(yard, "front-several.2.log"),
        make_log(yard, "services/steady-1.log"),
        make_log(yard, "front-steady-2.log.1"),
        make_log(yard, "control.log"),
    ]
    gone = [
        make_folder(yard, "services/gone", 10),
        make_log(yard, "services/gone.log"),
        make_log(yard, "services/gone.log.3"),
        make_log(yard, "services/gone.2.log.1"),
        make_log(yard, "front-gone.log"),
    ]
    make_old(yard.settings.home)

    removed = collect(yard.settings, 1, pretend=False)

    assert counts(removed) == {Kind.REVISIONS: 1, Kind.LOGS: 4}
    assert [path.exists() for path in kept] == [True] * len(kept)
    assert [path.exists() for path in gone] == [False] * len(gone)


def test_copies_of_the_worker_that_no_front_uses_go(yard: Filled) -> None:
    used, old, torn = (
        make_folder(yard, f"runtime/{name}", 10) for name in ("used", "old", ".torn.12")
    )
    (yard.settings.run / "fronts" / "a.json").write_text(json.dumps({"runtime": str(used)}))
    present = lay_worker(yard.settings.home)
    make_old(yard.settings.home)
    os.utime(present, (LONG_AGO + 1, LONG_AGO + 1))

    removed = collect(yard.settings, 1, pretend=False)

    assert counts(removed) == {Kind.RUNTIMES: 2}
    assert [path.exists() for path in (used, present, old, torn)] == [True, True, False, False]


def test_environments_that_nothing_runs_in_go(yard: Filled) -> None:
    folder = yard.settings.environments_dir
    builder = UvBuilder(folder)

    def build(*packages: str) -> str:
        definition = EnvironmentDefinition("e", "3.11", pip_packages=packages)
        recipe = builder.resolve(definition)
        builder.build(recipe, lambda _: None)
        return recipe.digest

    registered = build()
    now = SystemClock().now()
    shutil.copytree(folder / registered, folder / ("1" * 64))
    shutil.copytree(folder / registered, folder / ("2" * 64))
    yard.stores.environments.add(
        Environment("tracks", "e", 0, EnvironmentDefinition("e", "3.11"), now)
    )
    recipe = builder.resolve(EnvironmentDefinition("e", "3.11"))
    yard.stores.environments.ensure_build(
        Build("1" * 64, replace(recipe), BuildState.SUCCEEDED, now, now)
    )
    make_old(yard.settings.home)

    said = collect(yard.settings, 1, pretend=True)
    removed = collect(yard.settings, 1, pretend=False)

    assert counts(said) == counts(removed) == {Kind.ENVIRONMENTS: 1}
    assert builder.digests() == sorted([registered, "1" * 64])


def test_environments_that_other_homes_may_share_stay(
    yard: Filled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = replace(yard.settings, environments=tmp_path / "shared")
    (tmp_path / "shared" / ("1" * 64)).mkdir(parents=True)
    make_old(tmp_path / "shared")

    collect(shared, 0, pretend=False)

    assert (tmp_path / "shared" / ("1" * 64)).exists()
    assert "other homes" in capsys.readouterr().err


def models_of(yard: Filled) -> Models:
    stores = yard.stores
    snapshots = Snapshots(stores.snapshots, yard.blobs, 1024**3)
    return Models(
        stores.models, stores.workspaces, stores.runs, stores.snapshots, snapshots,
        stores.services, stores.images, SystemClock(),
    )  # fmt: skip


def register(yard: Filled, manifest: Manifest) -> str:
    request = ModelRequest(name="racer", manifest=manifest.digest)
    return models_of(yard).register("tracks", request).manifest


def assert_whole(yard: Filled, digest: str) -> None:
    for file in yard.stores.snapshots.get(digest).files:
        assert yard.blobs.has(file.sha256)


class Racing:
    """Collection against registration, over a database that a test brings."""

    def test_what_is_registered_while_garbage_is_chosen_survives(self, yard: Filled) -> None:
        late, orphan = yard.keep(b"late"), yard.keep(b"orphan")
        make_old(yard.settings.home)
        database = Database(connect(yard.settings.database_url))

        removed = collect_files(
            database,
            yard.blobs,
            LONG_AGO + 1,
            pretend=False,
            looked=partial(register, yard, late),
        )

        database.close()
        assert counts(removed) == {Kind.MANIFESTS: 1, Kind.FILES: 1}
        assert_whole(yard, late.digest)
        assert orphan.digest not in set(yard.stores.snapshots.digests())

    def test_whatever_was_registered_is_whole_however_often_garbage_is_collected(
        self, yard: Filled
    ) -> None:
        database = Database(connect(yard.settings.database_url))
        over, rounds, registered, refused = threading.Event(), [], [], []
        before = SystemClock().now().timestamp() - 3600

        def go_on_collecting() -> None:
            while not over.is_set():
                rounds.append(collect_files(database, yard.blobs, before, pretend=False))

        collector = threading.Thread(target=go_on_collecting)
        collector.start()
        try:
            for number in range(120):
                manifest = yard.keep(f"content {number}".encode())
                path = yard.settings.home / "blobs" / manifest.files[0].sha256[:2]
                make_old(path)  # it was uploaded long ago, and is registered only now
                try:
                    registered.append(register(yard, manifest))
                except (NotFound, BadInput) as error:  # collected before: told to upload again
                    refused.append(str(error))
        finally:
            over.set()
            collector.join()
            database.close()

        assert len(registered) + len(refused) == 120
        assert registered
        for digest in registered:
            assert_whole(yard, digest)
        assert all("pload" in said for said in refused)


class TestRacingOverSQLite(Racing):
    pass


class TestRacingOverPostgreSQL(Racing):
    @pytest.fixture
    def yard(self, tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Filled]:
        it = filled(home(tmp_path / "home", postgres_server.new_database()))
        yield it
        it.close()


def test_a_backup_and_a_collection_wait_for_each_other(tmp_path: Path) -> None:
    order: list[str] = []

    def collect_then_say() -> None:
        with files_may_go(tmp_path):
            order.append("collected")

    with files_stay(tmp_path), files_stay(tmp_path):
        thread = threading.Thread(target=collect_then_say)
        thread.start()
        thread.join(0.2)
        order.append("saved")
    thread.join()

    assert order == ["saved", "collected"]


def test_the_command_prints_a_table_or_json(yard: Filled) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "modelyard.bootstrap.collect", *arguments],
            env={**os.environ, "MODELYARD_HOME": str(yard.settings.home)},
            capture_output=True,
            text=True,
        )

    yard.keep(b"orphan")
    make_old(yard.settings.home)

    said = run("--dry-run")
    parsed = json.loads(run("--json", "--older-than", "0").stdout)

    assert "6 bytes would be freed." in said.stdout
    assert {"kind": "files and unfinished uploads", "count": 1, "size": 6} in parsed
    assert run("--older-than", "-3").returncode == 1


def test_a_database_of_another_release_is_left_alone(yard: Filled) -> None:
    yard.stores.close()
    database = Database(connect(yard.settings.database_url))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    database.close()

    with pytest.raises(Exception, match="schema 0999"):
        collect(yard.settings, 1, pretend=False)
