"""Images, and which runs are jobs that have not ended."""

import sqlalchemy as sa
from alembic import op

from modelyard.stores.sql.types import Document, Moment, Sequence

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "images",
        sa.Column("seq", Sequence, autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", Document, nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", Document, nullable=False),
        sa.Column("properties", Document, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.name"], name=op.f("fk_images_workspace")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_images")),
        sa.UniqueConstraint(
            "workspace", "name", "version", name=op.f("uq_images_workspace_name_version")
        ),
    )
    op.create_table(
        "open_jobs",
        sa.Column("run", Sequence, nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.seq"], name=op.f("fk_open_jobs_run")),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_open_jobs")),
        comment="Runs that the server runs and that have not ended.",
    )
