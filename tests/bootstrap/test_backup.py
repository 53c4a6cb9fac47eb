"""What is saved comes back, whatever database it was saved from and goes to."""

import errno
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelyard.bootstrap import backup as backup_
from modelyard.bootstrap import restore as restore_
from modelyard.bootstrap.archive import Writer
from modelyard.bootstrap.backup_output import file_output
from modelyard.domain.errors import BadArchive, BadInput, Conflict, DiskFull, ModelyardError
from modelyard.domain.services import RevisionState
from modelyard.settings import Settings
from modelyard.supervisor.atomic import try_lock
from tests.bootstrap.filled import Filled, filled, home, opened
from tests.bootstrap.postgres_fixture import postgres_server
from tests.stores.postgres import PostgresServer

__all__ = ["postgres_server"]

Url = Callable[[], str | None]


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Filled]:
    it = filled(home(tmp_path / "old"))
    yield it
    it.close()


def save(settings: Settings, file: Path) -> Path:
    with file_output(file) as output:
        assert backup_.backup(settings, output) == []
    return file


def bring_back(settings: Settings, file: Path, *, replace: bool = False) -> None:
    with file.open("rb") as stream:
        restore_.restore(settings, stream, replace=replace)


def as_restored(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What a restore changes on purpose."""
    for version in rows["service_versions"]:
        if version["service"] in {repr("svc-steady"), repr("svc-shared")}:
            version["live"] = "None"
    for revision in rows["revisions"]:
        if revision["id"] in map(repr, ("steady-2", "updating-2", "shared-1", "shared-2")):
            revision["state"] = repr("pending")
    return rows


def check_same(one: Filled, other: Filled) -> None:
    expected, found = as_restored(one.rows()), other.rows()
    for table, rows in expected.items():
        assert found[table] == rows, table
    for digest in one.stores.snapshots.digests():
        manifest = one.stores.snapshots.get(digest)
        for file in manifest.files:
            with one.blobs.open(file.sha256) as a, other.blobs.open(file.sha256) as b:
                assert a.read() == b.read()
    assert other.stores.services.keys("svc-steady") == one.stores.services.keys("svc-steady")


def test_a_home_comes_back_in_another_place(old: Filled, tmp_path: Path) -> None:
    file = save(old.settings, tmp_path / "a.tar")

    bring_back(home(tmp_path / "new"), file)

    new = opened(home(tmp_path / "new"))
    check_same(old, new)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new/secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new/modelyard.db").stat().st_mode) == 0o600
    assert not list((tmp_path / "new").glob(".restoring-*"))
    new.close()


def test_a_backup_of_sqlite_goes_into_postgresql_and_back(
    old: Filled, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    file = save(old.settings, tmp_path / "a.tar")
    url = postgres_server.new_database()

    bring_back(home(tmp_path / "pg", url), file)

    middle = opened(home(tmp_path / "pg", url))
    check_same(old, middle)
    model = middle.stores.models.get("tracks", "salary")
    assert middle.stores.models.add(model).version == 2  # its numbers go on
    middle.stores.models.remove("tracks", "salary", 2)
    again = save(middle.settings, tmp_path / "b.tar")
    bring_back(home(tmp_path / "new"), again)
    new = opened(home(tmp_path / "new"))
    expected = middle.rows()
    assert {**new.rows(), "models": []} == {**expected, "models": []}
    middle.close()
    new.close()


def test_what_is_there_in_postgresql_is_moved_aside_only_when_asked(
    old: Filled, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    file = save(old.settings, tmp_path / "a.tar")
    url = postgres_server.new_database()
    bring_back(home(tmp_path / "one", url), file)

    with pytest.raises(Conflict, match="holds a Modelyard already"):
        bring_back(home(tmp_path / "two", url), file)
    bring_back(home(tmp_path / "two", url), file, replace=True)

    new = opened(home(tmp_path / "two", url))
    check_same(old, new)
    new.close()


def test_the_wanted_revision_begins_anew_and_an_older_one_that_serves_stays(
    old: Filled, tmp_path: Path
) -> None:
    bring_back(home(tmp_path / "new"), save(old.settings, tmp_path / "a.tar"))

    new = opened(home(tmp_path / "new"))
    services = new.stores.services
    states = [r.state for r in services.revisions("svc-steady")]
    assert states == [RevisionState.STOPPED, RevisionState.PENDING]
    assert services.versions("svc-steady")[0].live is None
    states = [r.state for r in services.revisions("svc-updating")]
    assert states == [RevisionState.READY, RevisionState.PENDING]
    assert services.versions("svc-updating")[0].live == 1
    new.close()


def test_what_is_written_during_a_backup_is_in_it_whole_or_not_at_all(
    old: Filled, tmp_path: Path
) -> None:
    class Meddling(io.BytesIO):
        """Registers another model as soon as the first row has been written."""

        done = False

        def write(self, data: Any) -> int:
            if b"tracks" in data and not self.done:
                self.done = True
                late = old.keep(b"late")
                model = old.stores.models.get("tracks", "salary")
                old.stores.models.add(
                    type(model)("tracks", "late", 0, late.digest, 4, model.created)
                )
            return super().write(data)

    stream = Meddling()
    backup_.backup(old.settings, stream)

    (tmp_path / "a.tar").write_bytes(stream.getvalue())
    bring_back(home(tmp_path / "new"), tmp_path / "a.tar")
    new = opened(home(tmp_path / "new"))
    assert stream.done
    assert [m.name for m in new.stores.models.list("tracks")] == ["salary"]
    assert len(old.stores.models.list("tracks")) == 2
    new.close()


def test_a_home_that_holds_something_is_refused_unless_it_may_be_moved_aside(
    old: Filled, tmp_path: Path
) -> None:
    file = save(old.settings, tmp_path / "a.tar")
    there = opened(home(tmp_path / "new"))
    there.close()
    before = sorted(p.name for p in (tmp_path / "new").iterdir())

    with pytest.raises(Conflict, match="is not empty"):
        bring_back(home(tmp_path / "new"), file)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == before

    bring_back(home(tmp_path / "new"), file, replace=True)
    new = opened(home(tmp_path / "new"))
    check_same(old, new)
    (aside,) = (tmp_path / "new").glob("before-restore-*")
    assert (aside / "modelyard.db").exists()
    assert (aside / "secret.key").exists()
    new.close()


def test_nothing_is_restored_where_a_server_is_being_started(old: Filled, tmp_path: Path) -> None:
    file = save(old.settings, tmp_path / "a.tar")
    (tmp_path / "new/run").mkdir(parents=True)
    lock = try_lock(tmp_path / "new/run/up.lock")
    assert lock is not None

    with pytest.raises(Conflict, match="modelyard down"):
        bring_back(home(tmp_path / "new"), file)

    os.close(lock)
    bring_back(home(tmp_path / "new"), file)


def damaged(file: Path, change: Callable[[bytearray], bytearray]) -> Path:
    bad = file.with_name("bad.tar")
    bad.write_bytes(change(bytearray(file.read_bytes())))
    return bad


def flip(needle: bytes) -> Callable[[bytearray], bytearray]:
    def change(data: bytearray) -> bytearray:
        at = data.rindex(needle)
        data[at] ^= 1
        return data

    return change


def rewritten(file: Path, keep: Callable[[str], bool]) -> Path:
    """The archive without some members, written by another program."""
    bad = file.with_name("bad.tar")
    with tarfile.open(file) as source, tarfile.open(bad, "w", format=tarfile.GNU_FORMAT) as out:
        for member in source:
            if keep(member.name):
                out.addfile(member, source.extractfile(member))
    return bad


BAD: dict[str, Callable[[Path], Path]] = {
    "the end is missing": lambda f: damaged(f, lambda d: d[: len(d) // 2]),
    "only the mark of the end is missing": lambda f: damaged(f, lambda d: d[:-1024]),
    "a byte of a file is wrong": lambda f: damaged(f, flip(b"weightsweights")),
    "a byte of a row is wrong": lambda f: damaged(f, flip(b"a note")),
    "a header is wrong": lambda f: damaged(f, flip(b"database/models")),
    "a file is not there": lambda f: rewritten(f, lambda n: not n.startswith("blobs/0")),
    "a table is not there": lambda f: rewritten(f, lambda n: not n.startswith("database/runs")),
    "the key is not there": lambda f: rewritten(f, lambda n: n != "secret.key"),
    "the beginning is not there": lambda f: rewritten(f, lambda n: n != "backup.json"),
    "it is empty": lambda f: damaged(f, lambda _: bytearray()),
    "it is something else": lambda f: damaged(f, lambda _: bytearray(os.urandom(20000))),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_torn_or_foreign_backup_changes_nothing(
    old: Filled, tmp_path: Path, bad: Callable[[Path], Path]
) -> None:
    for number in range(300):  # so that some digest begins with 0
        if old.keep(f"{number}".encode()).files[0].sha256.startswith("0"):
            break
    file = bad(save(old.settings, tmp_path / "a.tar"))

    with pytest.raises(ModelyardError) as raised:
        bring_back(home(tmp_path / "new"), file)

    assert isinstance(raised.value, BadArchive | BadInput), raised.value
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["run"]
    assert [p.name for p in (tmp_path / "new/run").iterdir()] == ["up.lock"]


@pytest.mark.parametrize("name", ["../out", "/etc/out", "blobs/../../out", "strange"])
def test_a_member_outside_of_a_backup_is_refused(old: Filled, tmp_path: Path, name: str) -> None:
    file = save(old.settings, tmp_path / "a.tar")
    bad = rewritten(file, lambda _: True)
    with tarfile.open(bad, "a") as tar:
        tar.addfile(tarfile.TarInfo(name))

    with pytest.raises(BadArchive):
        bring_back(home(tmp_path / "new"), bad)

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("type", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(old: Filled, tmp_path: Path, type: bytes) -> None:
    bad = tmp_path / "bad.tar"
    member = tarfile.TarInfo("blobs/" + "0" * 64)
    member.type, member.linkname = type, "/etc/passwd"
    with tarfile.open(bad, "w") as tar:
        tar.addfile(member)

    with pytest.raises(BadArchive, match="regular file"):
        bring_back(home(tmp_path / "new"), bad)


def test_a_failed_replacement_leaves_the_old_home_as_it_was(old: Filled, tmp_path: Path) -> None:
    file = damaged(save(old.settings, tmp_path / "a.tar"), flip(b"weightsweights"))
    there = filled(home(tmp_path / "new"))
    rows = there.rows()

    with pytest.raises(BadArchive):
        bring_back(home(tmp_path / "new"), file, replace=True)

    assert there.rows() == rows
    assert not list((tmp_path / "new").glob("before-restore-*"))
    there.close()


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"format": 2, "release": "9.1", "schema": "0999", "tables": {}}, "Install 9.1"),
        ({"format": 3, "release": "9.1", "schema": "0001", "tables": {}}, "newer release 9.1"),
    ],
)
def test_a_backup_of_a_newer_release_names_the_release(
    tmp_path: Path, about: dict[str, Any], said: str
) -> None:
    with (tmp_path / "a.tar").open("wb") as stream:
        writer = Writer(stream)
        writer.add("backup.json", json.dumps(about).encode())
        writer.close()

    with pytest.raises(Conflict, match=said):
        bring_back(home(tmp_path / "new"), tmp_path / "a.tar")


def test_a_full_disk_is_said_and_leaves_nothing(old: Filled, tmp_path: Path) -> None:
    # a limit on the size of files is what a test can fill up without filling the machine
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000));"
        "from modelyard.bootstrap.backup import main; sys.exit(main([sys.argv[1]]))"
    )
    file = tmp_path / "full.tar"
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        env={**os.environ, "MODELYARD_HOME": str(old.settings.home)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "There is no room for the backup" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("full.tar*"))


def half_a_backup(file: Path) -> None:
    with file_output(file) as output:
        output.write(b"x" * 100)
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_while_writing_keeps_the_last_good_backup(old: Filled, tmp_path: Path) -> None:
    file = save(old.settings, tmp_path / "a.tar")
    good = file.read_bytes()

    with pytest.raises(DiskFull):
        half_a_backup(file)

    assert file.read_bytes() == good
    assert not file.with_name("a.tar.part").exists()


def run(module: str, settings: Settings, *arguments: str, **more: Any) -> Any:
    return subprocess.run(
        [sys.executable, "-m", f"modelyard.bootstrap.{module}", *arguments],
        env={**os.environ, "MODELYARD_HOME": str(settings.home)},
        capture_output=True,
        **more,
    )


def test_a_backup_goes_through_a_pipe(old: Filled, tmp_path: Path) -> None:
    saved = run("backup", old.settings, "-")
    assert saved.returncode == 0, saved.stderr

    restored = run("restore", home(tmp_path / "new"), "-", input=saved.stdout)

    assert restored.returncode == 0, restored.stderr
    assert b"1 models" in restored.stderr
    new = opened(home(tmp_path / "new"))
    check_same(old, new)
    new.close()


def test_a_file_that_is_lost_is_named_and_the_rest_is_saved(old: Filled, tmp_path: Path) -> None:
    lost = old.stores.snapshots.get(old.stores.models.get("tracks", "salary").manifest).files[0]
    (old.settings.home / "blobs" / lost.sha256[:2] / lost.sha256[2:]).unlink()

    saved = run("backup", old.settings, str(tmp_path / "a.tar"))

    assert saved.returncode == 1
    assert lost.sha256 in saved.stderr.decode()
    bring_back(home(tmp_path / "new"), tmp_path / "a.tar")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("restore", "nothing.tar"), "There is no file"),
        (("backup", "."), "is a folder"),
        (("backup", "no/such/folder.tar"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    old: Filled, tmp_path: Path, arguments: tuple[str, str], said: str
) -> None:
    done = run(arguments[0], old.settings, *arguments[1:], cwd=tmp_path)

    assert done.returncode in {1, 3}
    assert said in done.stderr.decode()
    assert len(done.stderr.decode().strip().splitlines()) == 1


def test_there_must_be_a_home_to_save(tmp_path: Path) -> None:
    done = run("backup", home(tmp_path / "none"), str(tmp_path / "a.tar"))

    assert done.returncode == 3
    assert "There is no Modelyard in" in done.stderr.decode()
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "a.tar").exists()
