import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from modelyard.domain.errors import Conflict
from modelyard.stores.sql import schema
from modelyard.stores.sql import upgrade as upgrading
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.stores.sql.opening import over
from modelyard.stores.sql.schema import migrate
from modelyard.stores.sql.tables import metadata
from modelyard.stores.sql.upgrade import MIGRATIONS, config, upgrade
from modelyard.testing.conformance.stores import samples
from tests.stores.backends import SECRET
from tests.stores.postgres import PostgresServer

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "0004"


def upgrade() -> None:
    op.create_table("next", sa.Column("x", sa.Integer()))
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("x", sa.Integer()))
"""


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes this the next release, which has one more migration."""

    def release(migration: str) -> None:
        history = tmp_path / "history"
        shutil.copytree(MIGRATIONS, history, ignore=shutil.ignore_patterns("__pycache__"))
        (history / "versions" / "v9000_next.py").write_text(migration)
        monkeypatch.setattr(upgrading, "MIGRATIONS", history)
        monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "9000"))
        monkeypatch.setattr(schema, "HEAD", "9000")

    return release


class SchemaSuite:
    """Needs a fixture ``database``: a new, empty one."""

    def test_the_migrations_make_what_the_tables_say(self, database: Database) -> None:
        with database.write() as connection:
            upgrade(connection)

        with database.read() as connection:
            assert _differences(connection) == []

    def test_a_new_database_is_the_same_as_a_migrated_one(self, database: Database) -> None:
        with database.write() as connection:
            upgrade(connection)
        migrated = _described(database)
        with database.write() as connection:
            for table in reversed(metadata.sorted_tables):
                table.drop(connection)
            schema.alembic_version.drop(connection)

        migrate(database)

        assert _described(database) == migrated

    def test_migrating_is_repeatable(self, database: Database) -> None:
        migrate(database)
        before = _described(database)

        migrate(database)

        assert _described(database) == before

    def test_alembic_takes_a_new_database_for_migrated(self, database: Database) -> None:
        migrate(database)

        with database.read() as connection:
            head = MigrationContext.configure(connection).get_current_revision()
        assert head == schema.HEAD

    def test_an_old_schema_is_brought_up_and_keeps_its_data(
        self, database: Database, next_release: Callable[[str], None]
    ) -> None:
        migrate(database)
        stores = samples.furnished(over(database, SECRET))
        run = stores.runs.add(samples.run())
        stores.runs.add_metrics("lab", "run-1", [samples.metric()])
        next_release(NEXT)

        migrate(database)

        with database.read() as connection:
            assert inspect(connection).has_table("next")
            assert connection.execute(text("SELECT x FROM runs")).all() == [(None,)]
        assert stores.runs.get("lab", "run-1") == run
        assert stores.runs.metrics("lab", "run-1") == [samples.metric()]
        if database.engine.dialect.name == "sqlite":
            with database.read() as connection:
                assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1

    def test_a_migration_that_fails_changes_nothing(
        self, database: Database, next_release: Callable[[str], None]
    ) -> None:
        migrate(database)
        before = _described(database)
        broken = NEXT + "    raise ZeroDivisionError\n"
        next_release(broken)

        with pytest.raises(ZeroDivisionError):
            migrate(database)

        assert _described(database) == before

    def test_the_database_of_a_newer_release_is_left_alone(self, database: Database) -> None:
        migrate(database)
        with database.write() as connection:
            connection.execute(schema.alembic_version.update().values(version_num="9999"))

        with pytest.raises(Conflict, match=r"schema 9999.*newer.*Install"):
            migrate(database)

    def test_the_database_of_another_program_is_left_alone(self, database: Database) -> None:
        with database.write() as connection:
            connection.execute(text("CREATE TABLE runs (x INTEGER)"))

        with pytest.raises(Conflict, match=r"another program \(runs\)"):
            migrate(database)

        with database.read() as connection:
            assert inspect(connection).get_table_names() == ["runs"]

    def test_a_migration_that_tears_what_belongs_together_is_undone(
        self, database: Database, next_release: Callable[[str], None]
    ) -> None:
        migrate(database)
        stores = samples.furnished(over(database, SECRET))
        torn = NEXT + '    op.execute("DELETE FROM workspaces")\n'
        next_release(torn)

        with pytest.raises((Conflict, IntegrityError), match="experiments"):
            migrate(database)

        assert stores.workspaces.get("lab") == samples.workspace()

    def test_of_several_processes_at_once_one_migrates(self, database: Database) -> None:
        url = database.engine.url.render_as_string(hide_password=False)
        code = (
            "import sys; from modelyard.stores.sql import open_sql; from base64 import *;"
            "open_sql(sys.argv[1], urlsafe_b64encode(bytes(32))).workspaces.list();"
            "assert 'alembic' not in sys.modules"
        )

        started = [
            subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE, text=True)
            for _ in range(3)
        ]

        ended = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
        assert ended == [("", 0)] * 3
        with database.read() as connection:
            assert _differences(connection) == []


class TestSQLite(SchemaSuite):
    @pytest.fixture
    def database(self, tmp_path: Path) -> Iterator[Database]:
        database = Database(connect(f"sqlite:///{tmp_path}/modelyard.db"))
        yield database
        database.close()


class TestPostgreSQL(SchemaSuite):
    @pytest.fixture
    def database(self, postgres_server: PostgresServer) -> Iterator[Database]:
        database = Database(connect(postgres_server.new_database()))
        yield database
        database.close()


def test_the_known_revisions_are_those_of_the_migrations(tmp_path: Path) -> None:
    database = Database(connect(f"sqlite:///{tmp_path}/modelyard.db"))
    with database.read() as connection:
        script = ScriptDirectory.from_config(config(connection))
    database.close()

    history = [revision.revision for revision in script.walk_revisions()]

    assert tuple(reversed(history)) == schema.REVISIONS
    assert script.dir == str(MIGRATIONS)


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": _defaults_differ}
    )
    return list(compare_metadata(context, metadata))


def _defaults_differ(*facts: Any) -> bool | None:
    """Whether a column has another default: PostgreSQL cannot compare JSON, its text can be."""
    _, _, column, found, _, wanted = facts
    if not isinstance(column.type, JSON):
        return None  # as Alembic finds
    return (found or "").partition("::")[0].strip("'") != (wanted or "").strip("'")


def _described(database: Database) -> dict[str, object]:
    """Everything that the database says of its tables."""
    with database.read() as connection:
        seen = inspect(connection)
        return {
            name: (
                [sorted(column.items(), key=str) for column in _plain(seen.get_columns(name))],
                _plain([seen.get_pk_constraint(name)]),
                sorted(_plain(seen.get_foreign_keys(name)), key=str),
                sorted(_plain(seen.get_indexes(name)), key=str),
                sorted(_plain(seen.get_unique_constraints(name)), key=str),
            )
            for name in sorted(seen.get_table_names())
        }


def _plain(parts: Iterable[Any]) -> list[dict[str, object]]:
    """With the texts of types and conditions instead of the objects, which are never equal."""
    return [{key: _text(value) for key, value in part.items()} for part in parts]


def _text(value: object) -> object:
    if isinstance(value, dict):
        return {key: _text(inner) for key, inner in value.items()}
    return value if isinstance(value, list) else str(value)
