"""The first schema."""

import sqlalchemy as sa
from alembic import op

from modelyard.stores.sql.types import Document, LooseDocument, Moment, Sequence

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    _workspaces()
    _runs()
    _models()
    _environments()
    _services()
    _access()


def _workspaces() -> None:
    op.create_table(
        "workspaces",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("tags", Document, nullable=False),
        sa.Column("cloud", Document, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workspaces")),
        sa.UniqueConstraint("id", name=op.f("uq_workspaces_id")),
    )
    op.create_table(
        "counters",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.name"], name=op.f("fk_counters_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace", "kind", "name", name=op.f("pk_counters")),
        comment="The last number given out; numbers are never given out twice.",
    )
    op.create_table(
        "experiments",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("tags", Document, nullable=False),
        sa.Column("archived", Moment()),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.name"], name=op.f("fk_experiments_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace", "name", name=op.f("pk_experiments")),
        sa.UniqueConstraint("id", name=op.f("uq_experiments_id")),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("seq", Sequence, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=256), nullable=False),
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("experiment", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("type", sa.String(length=256), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("parent", sa.String(length=256)),
        sa.Column("started", Moment()),
        sa.Column("ended", Moment()),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("tags", Document, nullable=False),
        sa.Column("properties", Document, nullable=False),
        sa.Column("error", Document),
        sa.Column("definition", Document, nullable=False),
        sa.Column("snapshot", sa.String(length=64)),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "experiment"],
            ["experiments.workspace", "experiments.name"],
            name=op.f("fk_runs_workspace_experiment"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_runs")),
        sa.UniqueConstraint(
            "workspace", "experiment", "number", name=op.f("uq_runs_workspace_experiment_number")
        ),
        sa.UniqueConstraint("workspace", "id", name=op.f("uq_runs_workspace_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_runs_workspace_parent_seq"), "runs", ["workspace", "parent", "seq"], unique=False
    )
    op.create_index(op.f("ix_runs_workspace_seq"), "runs", ["workspace", "seq"], unique=False)
    op.create_index(
        op.f("ix_runs_workspace_status_seq"), "runs", ["workspace", "status", "seq"], unique=False
    )
    op.create_table(
        "metrics",
        sa.Column("seq", Sequence, autoincrement=True, nullable=False),
        sa.Column("run", Sequence, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("value", LooseDocument(), nullable=False),
        sa.Column("logged", Moment(), nullable=False),
        sa.Column("step", sa.BigInteger()),
        sa.Column("description", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.seq"], name=op.f("fk_metrics_run")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_metrics")),
    )
    op.create_index(op.f("ix_metrics_run_seq"), "metrics", ["run", "seq"], unique=False)
    op.create_table(
        "run_files",
        sa.Column("run", Sequence, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.seq"], name=op.f("fk_run_files_run")),
        sa.PrimaryKeyConstraint("run", "path", name=op.f("pk_run_files")),
    )


def _models() -> None:
    op.create_table(
        "models",
        sa.Column("seq", Sequence, autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", Document, nullable=False),
        sa.Column("properties", Document, nullable=False),
        sa.Column("framework", sa.Text()),
        sa.Column("framework_version", sa.Text()),
        sa.Column("run_id", sa.String(length=256)),
        sa.Column("experiment", sa.String(length=64)),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("resources", Document),
        sa.Column("record", Document, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.name"], name=op.f("fk_models_workspace")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_models")),
        sa.UniqueConstraint(
            "workspace", "name", "version", name=op.f("uq_models_workspace_name_version")
        ),
    )
    op.create_index(op.f("ix_models_workspace_seq"), "models", ["workspace", "seq"], unique=False)
    op.create_table(
        "manifests",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_manifests")),
    )


def _environments() -> None:
    op.create_table(
        "environments",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "content", sa.String(length=64), nullable=False, comment="SHA-256 of the definition"
        ),
        sa.Column("definition", Document, nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.name"], name=op.f("fk_environments_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace", "name", "version", name=op.f("pk_environments")),
        sa.UniqueConstraint(
            "workspace", "name", "content", name=op.f("uq_environments_workspace_name_content")
        ),
    )
    op.create_table(
        "builds",
        sa.Column("seq", Sequence, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("recipe", Document, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("requested", Moment(), nullable=False),
        sa.Column("finished", Moment()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_builds")),
        sa.UniqueConstraint("digest", name=op.f("uq_builds_digest")),
    )


def _services() -> None:
    op.create_table(
        "services",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("auth", sa.String(length=32), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("updated", Moment(), nullable=False),
        sa.Column("default_version", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", Document, nullable=False),
        sa.Column("properties", Document, nullable=False),
        sa.Column("configuration", Document, nullable=False),
        sa.Column("port", sa.Integer()),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("deleting", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("primary_key", sa.Text(), nullable=False, comment="encrypted"),
        sa.Column("secondary_key", sa.Text(), nullable=False, comment="encrypted"),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspaces.name"], name=op.f("fk_services_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("workspace", "name", name=op.f("uq_services_workspace_name")),
    )
    op.create_table(
        "service_versions",
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("live", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["service"], ["services.id"], name=op.f("fk_service_versions_service")
        ),
        sa.PrimaryKeyConstraint("service", "name", name=op.f("pk_service_versions")),
    )
    op.create_table(
        "revisions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", Document, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("error", Document),
        sa.Column("notes", Document, nullable=False),
        sa.ForeignKeyConstraint(
            ["service", "version"],
            ["service_versions.service", "service_versions.name"],
            name=op.f("fk_revisions_service_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint(
            "service", "version", "number", name=op.f("uq_revisions_service_version_number")
        ),
    )


def _access() -> None:
    op.create_table(
        "tokens",
        sa.Column("seq", Sequence, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("revoked", Moment()),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_tokens")),
        sa.UniqueConstraint("id", name=op.f("uq_tokens_id")),
        sa.UniqueConstraint("sha256", name=op.f("uq_tokens_sha256")),
    )
    op.create_index(
        "uq_tokens_name_in_use",
        "tokens",
        ["name"],
        unique=True,
        sqlite_where=sa.text("revoked IS NULL"),
        postgresql_where=sa.text("revoked IS NULL"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
