"""Versions of services with traffic, what was changed, rollouts, and compute targets."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from modelyard.stores.sql.types import Document, Moment, Sequence

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


NOTHING = sa.text("''")


def upgrade() -> None:
    """Add the columns and make the tables."""
    _add("services", sa.Column("traffic", Document, nullable=False, server_default="{}"))
    for name in ("control_version", "compute"):
        _add(
            "services",
            sa.Column(name, sa.String(64), nullable=False, server_default=NOTHING),
        )
    _add(
        "service_versions",
        sa.Column("description", sa.Text, nullable=False, server_default=NOTHING),
    )
    for name in ("tags", "properties", "configuration"):
        column = sa.Column(name, Document, nullable=False, server_default="{}")
        _add("service_versions", column)
    for name in ("created", "updated"):
        _add("service_versions", sa.Column(name, Moment))
    for name, value in (("enabled", sa.true()), ("deleting", sa.false())):
        column = sa.Column(name, sa.Boolean, nullable=False, server_default=value)
        _add("service_versions", column)
    _add("service_versions", sa.Column("switch", sa.Integer))
    warm = sa.Column("keep_warm", sa.Float, nullable=False, server_default="3600")
    _add("service_versions", warm)
    _add("service_versions", sa.Column("stop_at", Moment))
    _events()
    _rollouts()
    _computes()


def _add(table: str, column: "sa.Column[Any]") -> None:
    op.add_column(table, column)


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("number", Sequence, autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("time", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("before", Document, nullable=False),
        sa.Column("after", Document, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_events")),
    )
    op.create_index("ix_events_service", "events", ["workspace", "service", "number"])


def _rollouts() -> None:
    op.create_table(
        "rollouts",
        sa.Column("seq", Sequence, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("body", Document, nullable=False, comment="the rollout itself"),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_rollouts")),
        sa.UniqueConstraint("id", name=op.f("uq_rollouts_id")),
    )
    op.create_index("ix_rollouts_service", "rollouts", ["service"])
    going_on = sa.text("ended IS 0")
    op.create_index(
        "uq_rollouts_open",
        "rollouts",
        ["service"],
        unique=True,
        sqlite_where=going_on,
        postgresql_where=sa.text("ended IS false"),
    )


def _computes() -> None:
    op.create_table(
        "computes",
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("updated", Moment(), nullable=False),
        sa.Column("cpu", sa.Float()),
        sa.Column("memory", sa.BigInteger()),
        sa.Column("nodes", sa.Integer()),
        sa.Column("attached", sa.Boolean(), nullable=False),
        sa.Column("configuration", Document, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", Document, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.name"], name=op.f("fk_computes_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace", "name", name=op.f("pk_computes")),
    )
