"""The database that a backup is restored into: a SQLite file or a database of PostgreSQL."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, inspect, text

from modelyard.bootstrap.restore_places import DRAFT
from modelyard.domain.errors import Conflict
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.stores.sql.schema import alembic_version
from modelyard.stores.sql.tables import metadata

_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a database that was not closed."""


class Target(Protocol):
    """An empty database to be filled."""

    @property
    def moved_aside(self) -> list[Path | str]:
        """Where what was there is now."""

    def check_empty(self) -> None:
        """Raises Conflict when it holds something of ours."""

    def filling(self) -> AbstractContextManager[Connection]:
        """One transaction: in place when the body ends well, else nothing has changed."""

    def close(self) -> None:
        """Give connections back. Repeatable."""


def make_target(url: str, stamp: str) -> Target:
    """The target for the address of a database; ``stamp`` names what is moved aside."""
    database = Database(connect(url))
    if database.engine.dialect.name == "sqlite":
        return SqliteTarget(Path(database.engine.url.database or ""), stamp)
    return PostgresTarget(database, stamp)


class SqliteTarget:
    """Filled in a file beside it, then renamed."""

    def __init__(self, file: Path, stamp: str) -> None:
        self._file = file
        self._stamp = stamp
        self._draft = file.with_name(f"{DRAFT}{file.name}")
        self._moved: list[Path | str] = []

    @property
    def moved_aside(self) -> list[Path | str]:
        return self._moved

    def check_empty(self) -> None:
        if self._file.exists() and self._file.stat().st_size:
            raise Conflict(
                f"There is a database in {self._file} already. Name another one with "
                "MODELYARD_DATABASE_URL, or move it aside with --replace."
            )

    @contextmanager
    def filling(self) -> Iterator[Connection]:
        self._clear()
        database = Database(connect(f"sqlite:///{self._draft}"))
        try:
            with database.write() as connection:
                yield connection
            database.close()
            self._move_old_aside()
            self._draft.replace(self._file)
        finally:
            database.close()
            self._clear()

    def close(self) -> None:
        self._clear()

    def _move_old_aside(self) -> None:
        """One in the home is aside already, with all that the home held."""
        for path in (self._file, *self._beside(self._file)):
            if path.exists():
                old = path.with_name(f"{path.name}.before-restore-{self._stamp}")
                path.rename(old)
                self._moved.append(old)

    def _clear(self) -> None:
        for path in (self._draft, *self._beside(self._draft)):
            path.unlink(missing_ok=True)

    @staticmethod
    def _beside(file: Path) -> list[Path]:
        return [file.with_name(file.name + suffix) for suffix in _BESIDE]


class PostgresTarget:
    """Filled in one transaction; what was there goes into another schema."""

    def __init__(self, database: Database, stamp: str) -> None:
        self._database = database
        self._aside = f"before_restore_{stamp.lower()}"
        self._moved: list[Path | str] = []

    @property
    def moved_aside(self) -> list[Path | str]:
        return self._moved

    def check_empty(self) -> None:
        with self._database.read() as connection:
            if self._present(connection):
                raise Conflict(
                    "The PostgreSQL database holds a Modelyard already. Name an empty one with "
                    "MODELYARD_DATABASE_URL, or move its tables aside with --replace."
                )

    @contextmanager
    def filling(self) -> Iterator[Connection]:
        with self._database.write() as connection:
            present = self._present(connection)
            if present:
                connection.execute(text(f'CREATE SCHEMA "{self._aside}"'))
            for table in present:
                connection.execute(text(f'ALTER TABLE "{table}" SET SCHEMA "{self._aside}"'))
            yield connection
        if present:
            self._moved.append(f"the schema {self._aside} of the PostgreSQL database")

    def close(self) -> None:
        self._database.close()

    @staticmethod
    def _present(connection: Connection) -> list[str]:
        ours = {*metadata.tables, alembic_version.name}
        return sorted(ours & set(inspect(connection).get_table_names()))
