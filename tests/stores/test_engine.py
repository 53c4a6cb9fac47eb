import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from modelyard.domain.errors import BadInput, DiskFull, MissingExtra, Unavailable
from modelyard.stores.sql import open_sql
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.stores.sql.opening import over
from modelyard.testing.conformance.stores import samples
from tests.stores.backends import SECRET
from tests.stores.small_disk import SmallDisk


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = Database(connect(f"sqlite:///{tmp_path}/new/folder/modelyard.db"))
    yield database
    database.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 1), ("foreign_keys", 1), ("busy_timeout", 10_000)],
)
def test_sqlite_is_set_up(sqlite: Database, pragma: str, value: object) -> None:
    with sqlite.read() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value


def test_the_files_of_sqlite_are_for_the_owner_alone(sqlite: Database, tmp_path: Path) -> None:
    with sqlite.write() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))

    modes = {
        path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new/folder").iterdir()
    }

    assert modes == dict.fromkeys(modes, 384)
    assert {"modelyard.db", "modelyard.db-wal"} <= set(modes)


def test_a_write_takes_the_lock_at_its_start(sqlite: Database) -> None:
    with sqlite.write() as connection, sqlite.engine.connect() as other:
        connection.exec_driver_sql("SELECT 1")
        other.exec_driver_sql("PRAGMA busy_timeout = 0")

        with pytest.raises(Exception, match="locked"):
            other.exec_driver_sql("CREATE TABLE t (x INTEGER)")


def test_a_failed_write_is_undone(sqlite: Database) -> None:
    with sqlite.write() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))

    with suppress(ZeroDivisionError), sqlite.write() as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        raise ZeroDivisionError

    with sqlite.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 0


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_may_be_written_in_three_ways(scheme: str) -> None:
    engine = connect(f"{scheme}://user:secret@host/db")

    assert engine.driver == "psycopg"
    engine.dispose()


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "not an address", ""]
)
def test_other_addresses_are_refused_with_those_that_are_taken(url: str) -> None:
    with pytest.raises(BadInput, match="sqlite:///FILE"):
        connect(url)


def test_without_its_driver_postgresql_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(MissingExtra, match=r"modelyard\[postgres\]"):
        connect("postgresql://host/db")


def test_a_server_that_does_not_answer_is_unavailable_and_its_password_unsaid() -> None:
    with pytest.raises(Unavailable, match="does not answer") as failure:
        open_sql("postgresql://user:hidden@127.0.0.1:1/db", SECRET)

    assert "hidden" not in str(failure.value)


def test_connections_that_the_server_closed_are_replaced(postgres: Database) -> None:
    stores = over(postgres, SECRET)
    stores.workspaces.list()
    end_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> {}"
    with postgres.write() as connection:
        mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        connection.execute(text(end_others.format(mine) + " AND datname = current_database()"))

    assert stores.workspaces.list() == []


def test_writers_of_several_processes_wait_for_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/modelyard.db"
    stores = samples.furnished(open_sql(url, SECRET))
    code = (
        "import sys; from modelyard.stores.sql import open_sql;"
        "from modelyard.testing.conformance.stores.samples import model;"
        "stores = open_sql(sys.argv[1], sys.argv[2].encode());"
        "[stores.models.add(model()) for _ in range(25)]"
    )

    started = [
        subprocess.Popen([sys.executable, "-c", code, url, SECRET.decode()]) for _ in range(3)
    ]
    exits = [process.wait(60) for process in started]

    assert exits == [0, 0, 0]
    versions = [model.version for model in stores.models.list("lab")]
    assert versions == list(range(75, 0, -1))
    stores.close()


def test_a_full_disk_is_named_and_nothing_is_half_written(small_disk: SmallDisk) -> None:
    stores = samples.furnished(open_sql(f"sqlite:///{small_disk.folder}/modelyard.db", SECRET))
    stores.runs.add(samples.run())
    small_disk.fill()

    with pytest.raises(DiskFull, match="Free some space"):
        stores.runs.add_metrics("lab", "run-1", [samples.metric(value="x" * 1000)] * 2000)

    assert stores.runs.metrics("lab", "run-1") == []
    small_disk.clear()
    stores.runs.add_metrics("lab", "run-1", [samples.metric()])
    stores.close()
