"""Samples of what a model takes and gives, kept with it."""

import sqlalchemy as sa
from alembic import op

from modelyard.stores.sql.types import Document

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; models that are there have none."""
    for name in ("sample_input", "sample_output"):
        op.add_column("models", sa.Column(name, Document))
