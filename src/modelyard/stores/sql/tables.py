"""
Every table. A column is named as the field it holds; ``seq`` orders rows by insertion.

A change here needs a migration in ``migrations/versions``; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from modelyard.stores.sql.types import Document, LooseDocument, Moment, Sequence

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("created", Moment, nullable=False),
    Column("tags", Document, nullable=False),
    Column("cloud", Document, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("workspace", String(64), ForeignKey("workspaces.name"), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("name", String(512), nullable=False),
    Column("value", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "kind", "name"),
    comment="The last number given out; numbers are never given out twice.",
)

experiments = Table(
    "experiments",
    metadata,
    Column("workspace", String(64), ForeignKey("workspaces.name"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("id", String(64), nullable=False, unique=True),
    Column("created", Moment, nullable=False),
    Column("tags", Document, nullable=False),
    Column("archived", Moment),
    PrimaryKeyConstraint("workspace", "name"),
)

runs = Table(
    "runs",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String(256), nullable=False),
    Column("workspace", String(64), nullable=False),
    Column("experiment", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", String(32), nullable=False),
    Column("created", Moment, nullable=False),
    Column("type", String(256), nullable=False),
    Column("name", Text),
    Column("description", Text, nullable=False),
    Column("parent", String(256)),
    Column("started", Moment),
    Column("ended", Moment),
    Column("target", Text, nullable=False),
    Column("tags", Document, nullable=False),
    Column("properties", Document, nullable=False),
    Column("error", Document),
    Column("definition", Document, nullable=False),
    Column("snapshot", String(64)),
    Column("submitted_by", Text, nullable=False),
    ForeignKeyConstraint(
        ["workspace", "experiment"], ["experiments.workspace", "experiments.name"]
    ),
    UniqueConstraint("workspace", "id"),
    UniqueConstraint("workspace", "experiment", "number"),
    Index(None, "workspace", "seq"),
    Index(None, "workspace", "parent", "seq"),
    Index(None, "workspace", "status", "seq"),
    sqlite_autoincrement=True,  # a number is not used again when the newest run goes
)

metrics = Table(
    "metrics",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("run", Sequence, ForeignKey("runs.seq"), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("value", LooseDocument, nullable=False),
    Column("logged", Moment, nullable=False),
    Column("step", BigInteger),
    Column("description", Text, nullable=False),
    Index(None, "run", "seq"),
)

run_files = Table(
    "run_files",
    metadata,
    Column("run", Sequence, ForeignKey("runs.seq"), nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    PrimaryKeyConstraint("run", "path"),
)

models = Table(
    "models",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("workspace", String(64), ForeignKey("workspaces.name"), nullable=False),
    Column("name", String(256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("manifest", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created", Moment, nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", Document, nullable=False),
    Column("properties", Document, nullable=False),
    Column("framework", Text),
    Column("framework_version", Text),
    Column("run_id", String(256)),
    Column("experiment", String(64)),
    Column("created_by", Text, nullable=False),
    Column("resources", Document),
    Column("record", Document, nullable=False),
    Column("sample_input", Document),
    Column("sample_output", Document),
    UniqueConstraint("workspace", "name", "version"),
    Index(None, "workspace", "seq"),
)

open_jobs = Table(
    "open_jobs",
    metadata,
    Column("run", Sequence, ForeignKey("runs.seq"), primary_key=True, autoincrement=False),
    comment="Runs that the server runs and that have not ended.",
)

images = Table(
    "images",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("workspace", String(64), ForeignKey("workspaces.name"), nullable=False),
    Column("name", String(256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", Document, nullable=False),
    Column("created", Moment, nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", Document, nullable=False),
    Column("properties", Document, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("workspace", "name", "version"),
)

environments = Table(
    "environments",
    metadata,
    Column("workspace", String(64), ForeignKey("workspaces.name"), nullable=False),
    Column("name", String(256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", String(64), nullable=False, comment="SHA-256 of the definition"),
    Column("definition", Document, nullable=False),
    Column("created", Moment, nullable=False),
    PrimaryKeyConstraint("workspace", "name", "version"),
    UniqueConstraint("workspace", "name", "content"),
)

builds = Table(
    "builds",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("recipe", Document, nullable=False),
    Column("state", String(32), nullable=False),
    Column("requested", Moment, nullable=False),
    Column("finished", Moment),
    Column("error", Text),
)

services = Table(
    "services",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace", String(64), ForeignKey("workspaces.name"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("auth", String(32), nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("default_version", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", Document, nullable=False),
    Column("properties", Document, nullable=False),
    Column("configuration", Document, nullable=False),
    Column("port", Integer),
    Column("created_by", Text, nullable=False),
    Column("deleting", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("primary_key", Text, nullable=False, comment="encrypted"),
    Column("secondary_key", Text, nullable=False, comment="encrypted"),
    Column("traffic", Document, nullable=False, server_default="{}"),
    Column("control_version", String(64), nullable=False, server_default=text("''")),
    Column("compute", String(64), nullable=False, server_default=text("''")),
    UniqueConstraint("workspace", "name"),
)

service_versions = Table(
    "service_versions",
    metadata,
    Column("service", String(64), ForeignKey("services.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("live", Integer),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("tags", Document, nullable=False, server_default="{}"),
    Column("properties", Document, nullable=False, server_default="{}"),
    Column("configuration", Document, nullable=False, server_default="{}"),
    Column("created", Moment),
    Column("updated", Moment),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    Column("deleting", Boolean, nullable=False, server_default=false()),
    Column("switch", Integer),
    Column("keep_warm", Float, nullable=False, server_default="3600"),
    Column("stop_at", Moment),
    PrimaryKeyConstraint("service", "name"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("service", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("content", Document, nullable=False),
    Column("state", String(32), nullable=False),
    Column("created", Moment, nullable=False),
    Column("error", Document),
    Column("notes", Document, nullable=False),
    ForeignKeyConstraint(
        ["service", "version"], ["service_versions.service", "service_versions.name"]
    ),
    UniqueConstraint("service", "version", "number"),
)

events = Table(
    "events",
    metadata,
    Column("number", Sequence, primary_key=True, autoincrement=True),
    Column("workspace", String(64), nullable=False),
    Column("service", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("time", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", String(64), nullable=False),
    Column("before", Document, nullable=False),
    Column("after", Document, nullable=False),
    Column("why", Text, nullable=False),
    Index("ix_events_service", "workspace", "service", "number"),
)

rollouts = Table(
    "rollouts",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("workspace", String(64), nullable=False),
    Column("service", String(64), nullable=False),
    Column("body", Document, nullable=False, comment="the rollout itself"),
    Column("ended", Boolean, nullable=False),
    Index("ix_rollouts_service", "service"),
)
_one_rollout_at_a_time = Index(
    "uq_rollouts_open",
    rollouts.c.service,
    unique=True,
    sqlite_where=rollouts.c.ended.is_(False),
)

computes = Table(
    "computes",
    metadata,
    Column("workspace", String(64), ForeignKey("workspaces.name"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("cpu", Float),
    Column("memory", BigInteger),
    Column("nodes", Integer),
    Column("attached", Boolean, nullable=False),
    Column("configuration", Document, nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", Document, nullable=False),
    PrimaryKeyConstraint("workspace", "name"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("name", String(128), nullable=False),
    Column("role", String(32), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("created", Moment, nullable=False),
    Column("revoked", Moment),
)
_name_in_use = Index(
    "uq_tokens_name_in_use",
    tokens.c.name,
    unique=True,
    sqlite_where=tokens.c.revoked.is_(None),
)


def for_postgresql() -> None:
    """
    Tell the tables what only PostgreSQL has to know. Repeatable.

    Apart, because naming it loads the whole dialect: a tenth of a second at every start on SQLite.
    """
    _name_in_use.dialect_kwargs["postgresql_where"] = tokens.c.revoked.is_(None)
    _one_rollout_at_a_time.dialect_kwargs["postgresql_where"] = rollouts.c.ended.is_(False)


leases = Table(
    "leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("boot_id", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("start_time", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
)

manifests = Table(
    "manifests",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("body", Text, nullable=False),
)
