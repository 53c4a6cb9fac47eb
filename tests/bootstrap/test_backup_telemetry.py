"""Telemetry, collected data and their keys come back with the rest."""

import asyncio
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelyard.bootstrap import backup as backup_
from modelyard.bootstrap import restore as restore_
from modelyard.bootstrap.backup import Wanted
from modelyard.bootstrap.backup_output import file_output
from modelyard.bootstrap.backup_telemetry import write_all
from modelyard.collector.inputs.collect import Inputs
from modelyard.collector.inputs.places import stored
from modelyard.collector.making import row
from modelyard.collector.store import Store
from modelyard.domain.errors import BadArchive
from modelyard.settings import Settings
from modelyard.telemetry import rings
from modelyard_worker.collection import Collecting
from tests.bootstrap.filled import Filled, filled, home
from tests.collector.inputs.collecting import MODELS, collect

OLD, NEW = 1_700_000_000.0, 1_790_000_000.0


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Filled]:
    it = filled(home(tmp_path / "old"))
    it.settings.ingest_key.write_text("ingest")
    it.settings.collect_key.write_text("collect")
    queries = it.settings.telemetry / "queries"
    queries.mkdir(parents=True)
    (queries / "slow.json").write_text("{}")
    with closing(sqlite3.connect(it.settings.telemetry / "feedback.sqlite")) as book:
        book.execute("PRAGMA journal_mode = WAL")
        book.execute("CREATE TABLE told AS SELECT 1 AS sold")
        book.commit()
    yield it
    it.close()


def requests_of(settings: Settings, *add: tuple[str, float]) -> list[str]:
    """The ids of the requests in the store, after these were added."""

    async def whole() -> list[str]:
        store = Store(settings.telemetry, days=100_000)
        await store.start()
        try:
            rows = [row("requests", {}, {"id": id, "timestamp": time}) for id, time in add]
            store.add("requests", rows)
            await store.settled()
            return [id for (id,) in await store.query("SELECT id FROM requests ORDER BY id")]
        finally:
            await store.stop()

    return asyncio.run(whole())


def save(settings: Settings, file: Path, **left_out: bool) -> Path:
    with file_output(file) as output:
        assert backup_.backup(settings, output, Wanted(**left_out)) == []
    return file


def bring_back(settings: Settings, file: Path) -> None:
    with file.open("rb") as stream:
        restore_.restore(settings, stream, replace=False)


def test_hourly_files_and_rows_that_were_in_no_file_yet_come_back(
    old: Filled, tmp_path: Path
) -> None:
    assert requests_of(old.settings, ("r1", OLD), ("r2", NEW)) == ["r1", "r2"]

    bring_back(new := home(tmp_path / "new"), save(old.settings, tmp_path / "a.tar"))

    assert requests_of(new) == ["r1", "r2"]
    assert requests_of(old.settings) == ["r1", "r2"]  # they were moved, and none is there twice
    assert (new.telemetry / "queries/slow.json").read_text() == "{}"
    with closing(sqlite3.connect(new.telemetry / "feedback.sqlite")) as book:
        assert book.execute("SELECT sold FROM told").fetchall() == [(1,)]
    assert (new.ingest_key.read_text(), new.collect_key.read_text()) == ("ingest", "collect")
    for path in (new.ingest_key, *new.telemetry.glob("requests/*/*/*.parquet")):
        assert path.stat().st_mode & 0o077 == 0
    assert not (new.home / ".files").exists()


def test_collected_rows_come_back_also_those_that_still_lay_in_a_ring(
    old: Filled, tmp_path: Path
) -> None:
    settings = old.settings
    worker = Collecting(
        {"folder": str(rings.data_folder(settings.rings)), "front": "f1", "rate": 1.0,
         "about": {"workspace": "lab", "service": "prices", "version": "blue", "revision": 1,
                   "columns": {}}},
        MODELS,
    )  # fmt: skip
    inputs = Inputs(settings.collected, rings.data_folder(settings.rings), settings.collect_key)
    collect(worker, {"a": [1]}, request="r1")
    inputs.run_once()
    collect(worker, {"a": [2]}, request="r2")
    inputs.drain.close()

    bring_back(new := home(tmp_path / "new"), save(settings, tmp_path / "a.tar"))

    found = stored(new.collected, "lab", "prices")
    assert [file.path.relative_to(new.home) for file in found] == [
        file.path.relative_to(settings.home) for file in stored(settings.collected)
    ]
    assert len(found) == 2


@pytest.mark.parametrize(
    ("left_out", "there"),
    [
        ({"telemetry": False}, {"data"}),
        ({"data": False}, {"telemetry"}),
        ({}, {"data", "telemetry"}),
    ],
)
def test_what_is_left_out_is_not_in_it(
    old: Filled, tmp_path: Path, left_out: dict[str, bool], there: set[str]
) -> None:
    requests_of(old.settings, ("r1", OLD))
    part = old.settings.collected / "lab/s/m/1/inputs/year=2026/month=01/day=01/hour=00"
    part.mkdir(parents=True)
    (part / "part-1.parquet").write_bytes(b"PAR1")

    bring_back(new := home(tmp_path / "new"), save(old.settings, tmp_path / "a.tar", **left_out))

    assert {path.name for path in new.home.iterdir()} & {"data", "telemetry"} == there
    assert new.ingest_key.exists()


def changed(file: Path, name: str, change: Any) -> Path:
    """The archive with one member changed (None takes it out)."""
    bad = file.with_name("bad.tar")
    with tarfile.open(file) as source, tarfile.open(bad, "w", format=tarfile.GNU_FORMAT) as out:
        for member in source:
            stream = source.extractfile(member)
            assert stream is not None
            data = stream.read()
            if member.name == name:
                if change is None:
                    continue
                data = change(data)
                member.size = len(data)
            out.addfile(member, io.BytesIO(data))
    return bad


def elsewhere(data: bytes) -> bytes:
    listed = json.loads(data)
    listed[0]["path"] = "run/desired.json"
    return json.dumps(listed).encode()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("files/000000", lambda data: data[:-1] + b"x"),
        ("files/000000", None),
        ("files.json", None),
        ("files.json", lambda _: b"[]"),
        ("files.json", elsewhere),
    ],
    ids=["a byte is wrong", "a file is gone", "no list", "another list", "leads elsewhere"],
)
def test_a_torn_or_strange_one_changes_nothing(
    old: Filled, tmp_path: Path, name: str, change: Any
) -> None:
    requests_of(old.settings, ("r1", OLD))
    bad = changed(save(old.settings, tmp_path / "a.tar"), name, change)

    with pytest.raises(BadArchive):
        bring_back(home(tmp_path / "new"), bad)

    assert [path.name for path in (tmp_path / "new").iterdir()] == ["run"]


HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"


def test_telemetry_that_another_process_has_is_said_and_the_rest_is_saved(
    old: Filled, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    requests_of(old.settings, ("r1", OLD))
    engine = str(old.settings.telemetry / "telemetry.duckdb")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            file = save(old.settings, tmp_path / "a.tar")
        finally:
            holder.kill()

    said = capfd.readouterr().err
    assert "The newest telemetry, of the last hour or so, is not in the backup" in said
    assert "Another process has" in said
    bring_back(home(tmp_path / "new"), file)


def test_a_backup_of_a_stopped_server_leaves_the_rights_of_later_files_alone(
    old: Filled, tmp_path: Path
) -> None:
    before = os.umask(0o022)
    try:
        write_all(old.settings)
        (tmp_path / "later").mkdir(mode=0o755)
    finally:
        os.umask(before)

    assert (tmp_path / "later").stat().st_mode & 0o777 == 0o755
