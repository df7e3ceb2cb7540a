"""The tables, as the newest migration leaves them."""

from sqlalchemy import (
    REAL,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

HEAD = "0002"
"""The newest migration; a database at this revision needs none."""

metadata = MetaData(
    naming_convention={
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

results = Table(
    "results",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", Text),
    Column("digit", Integer),
    Column("certainty", REAL),
    Column("runner_up", Integer),
    Column("scores", Text),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("destination", Text, nullable=False),
    Column("arrived_at", Text, nullable=False),
    Column("decided_at", Text, nullable=False),
    Column("filed_at", Text),
    # The claim this row decides: the database itself refuses to decide one twice.
    Column("claim", Text, nullable=False, unique=True),
    Column("reference_version", Integer),
    CheckConstraint("digit BETWEEN 0 AND 9", name="digit"),
    CheckConstraint("runner_up BETWEEN 0 AND 9", name="runner_up"),
    CheckConstraint("certainty BETWEEN 0 AND 1", name="certainty"),
    CheckConstraint("status IN ('filed', 'review', 'failed')", name="status"),
    sqlite_autoincrement=True,
    sqlite_strict=True,
)

retried_results = Table(
    "retried_results",
    metadata,
    # As the row was in `results`; that each file has one row there stays true when it is put through again.
    *(
        Column(column.name, column.type, primary_key=column.primary_key, nullable=column.nullable)
        for column in results.c
    ),
    Column("retried_at", Text, nullable=False),
    Column("put_back_at", Text),
    sqlite_strict=True,
)

reference_versions = Table(
    "reference_versions",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("made_at", Text, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
    sqlite_strict=True,
)

reference_images = Table(
    "reference_images",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("image", LargeBinary, nullable=False),
    Column("digit", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("added_at", Text, nullable=False),
    Column("added_in", Integer, ForeignKey("reference_versions.version"), nullable=False),
    Column("retired_at", Text),
    Column("retired_in", Integer, ForeignKey("reference_versions.version")),
    CheckConstraint("digit BETWEEN 0 AND 9", name="digit"),
    sqlite_autoincrement=True,
    sqlite_strict=True,
)

# Looked up at every start; almost always empty.
Index("ix_results_unfiled", results.c.id, sqlite_where=results.c.filed_at.is_(None))

# Looked up now and then; almost always empty.
Index("ix_retried_results_begun", retried_results.c.id, sqlite_where=retried_results.c.put_back_at.is_(None))

# One image is one reference for as long as it is in use; a retired one may come back as a new row.
Index(
    "uq_reference_images_sha256",
    reference_images.c.sha256,
    unique=True,
    sqlite_where=reference_images.c.retired_at.is_(None),
)
