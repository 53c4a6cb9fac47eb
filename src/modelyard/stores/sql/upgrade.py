"""Running the migrations: the only module that imports Alembic, and it is imported when needed."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


def config(connection: Connection) -> Config:
    """Alembic's configuration without a file; ``env.py`` takes the connection from it."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Apply what is missing, within the transaction of the connection."""
    command.upgrade(config(connection), revision)
