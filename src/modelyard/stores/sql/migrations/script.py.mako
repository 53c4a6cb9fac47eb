"""${message}."""

import sqlalchemy as sa
from alembic import op

from modelyard.stores.sql.types import Document, LooseDocument, Moment, Sequence

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Make the change."""
    ${upgrades if upgrades else "pass"}
