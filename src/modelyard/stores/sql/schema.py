"""Bringing a database to this release's schema, at every start."""

import importlib

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    inspect,
    select,
    text,
)

from modelyard.domain.errors import Conflict
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.tables import metadata

REVISIONS = ("0001", "0002", "0003", "0004")
"""All revisions of the schema, oldest first; a test compares them with the migrations."""

HEAD = REVISIONS[-1]

_LOCK = 0x4D4F44454C594152  # one number for all Modelyards that share a PostgreSQL database

alembic_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, written here as Alembic writes it."""


def migrate(database: Database) -> None:
    """
    Bring the schema to this release's. Repeatable; of several processes at once one does it.

    Alembic takes most of a second to import, so it is asked only when there is an old schema to
    change: a present one is recognised by its number, an empty database gets the tables at once.
    Raises ``Conflict`` for a database of a newer release or of another program.
    """
    with database.read() as connection:
        if _current(connection) == HEAD:
            return
    with database.reshape() as connection:
        if connection.dialect.name == "postgresql":  # SQLite's writers are alone anyway
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        _bring_up(connection, _current(connection))


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(alembic_version.name):
        return None
    return connection.execute(select(alembic_version.c.version_num)).scalar_one_or_none()


def _bring_up(connection: Connection, current: str | None) -> None:
    if current == HEAD:  # another process was faster
        return
    if current is None:
        _create(connection)
    elif current in REVISIONS:
        importlib.import_module("modelyard.stores.sql.upgrade").upgrade(connection)
    else:
        raise Conflict(
            f"The database has schema {current}, which a newer Modelyard wrote; this release "
            f"knows schemas up to {HEAD}. Install the newer release, or restore a backup."
        )


def _create(connection: Connection) -> None:
    foreign = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if foreign:
        raise Conflict(
            f"The database has tables of another program ({', '.join(foreign)}). "
            "Give Modelyard a database of its own."
        )
    metadata.create_all(connection, checkfirst=False)
    alembic_version.create(connection, checkfirst=True)
    connection.execute(alembic_version.insert().values(version_num=HEAD))
