"""The tables, as the newest migration makes them, and what each column means.

SQLite keeps no comments: `watcher sql --tables` and docs/reference/ show those given here.
"""

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

HEAD = "0005"
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
    Column("id", Integer, primary_key=True, comment="counts up in the order of decisions; never used twice"),
    Column(
        "name",
        Text,
        nullable=False,
        comment="the name the file came with; bytes that are not UTF-8 as \\xNN",
    ),
    Column("sha256", Text, comment="checksum of the file's bytes, hex; NULL if they could not be read"),
    Column(
        "digit",
        Integer,
        comment="the best guess, 0 to 9; NULL for what is unreadable or blank",
    ),
    Column("certainty", REAL, comment="the probability that digit is right, 0 to 1; 0 for what is blank"),
    Column("runner_up", Integer, comment="the second best guess"),
    Column(
        "scores",
        Text,
        comment="JSON: ten numbers, for the digits 0 to 9; higher is more likely. They are not probabilities",
    ),
    Column(
        "status",
        Text,
        nullable=False,
        comment="filed: certain enough; review: a person should look; failed: no picture could be read",
    ),
    Column("reason", Text, comment="why it was not filed under its digit; NULL if it was"),
    Column(
        "destination",
        Text,
        nullable=False,
        comment="where it was filed, relative to the outbox: 7/scan.png; a person may have moved it since",
    ),
    Column(
        "arrived_at",
        Text,
        nullable=False,
        comment="when the file was complete in the inbox, or, after a crash, when it was claimed; "
        "UTC, ISO 8601 with microseconds and Z",
    ),
    Column("decided_at", Text, nullable=False, comment="when it was decided; UTC, like arrived_at"),
    Column("filed_at", Text, comment="when the file was safely at its destination; UTC; NULL until then"),
    # The database itself refuses a second row for a claim.
    Column(
        "claim",
        Text,
        nullable=False,
        unique=True,
        comment="the claim's token, BATCH/NAME; for the program itself",
    ),
    Column(
        "reference_version",
        Integer,
        comment="the version of the references that decided it; see reference_versions",
    ),
    CheckConstraint("digit BETWEEN 0 AND 9", name="digit"),
    CheckConstraint("runner_up BETWEEN 0 AND 9", name="runner_up"),
    CheckConstraint("certainty BETWEEN 0 AND 1", name="certainty"),
    CheckConstraint("status IN ('filed', 'review', 'failed')", name="status"),
    sqlite_autoincrement=True,
    sqlite_strict=True,
    comment="the log: one row for each file that came",
)

retried_results = Table(
    "retried_results",
    metadata,
    # The row as it was in `results`, where a requeued file gets one new row.
    *(
        Column(
            column.name,
            column.type,
            primary_key=column.primary_key,
            nullable=column.nullable,
            comment=column.comment,
        )
        for column in results.c
    ),
    Column("retried_at", Text, nullable=False, comment="when `watcher retry` moved the row here; UTC"),
    Column("put_back_at", Text, comment="when the file was in the inbox again; UTC; NULL until then"),
    sqlite_strict=True,
    comment="the rows of files that were put back into the inbox; each has a newer row in results",
)

pruned_results = Table(
    "pruned_results",
    metadata,
    Column("sha256", LargeBinary, primary_key=True, nullable=False, comment="the file's checksum, 32 bytes"),
    sqlite_with_rowid=False,
    sqlite_strict=True,
    comment="files whose rows `watcher prune` removed, so that `watcher fsck` knows them",
)

reference_versions = Table(
    "reference_versions",
    metadata,
    Column("version", Integer, primary_key=True, comment="counts up; the highest is in use"),
    Column("made_at", Text, nullable=False, comment="when the references were changed; UTC"),
    Column("reason", Text, nullable=False, comment="why they were changed, such as the command"),
    sqlite_autoincrement=True,
    sqlite_strict=True,
    comment="each change of the references",
)

reference_images = Table(
    "reference_images",
    metadata,
    Column(
        "id",
        Integer,
        primary_key=True,
        comment="the number in `nearest` of `watcher classify`; never used twice",
    ),
    Column("image", LargeBinary, nullable=False, comment="the file's bytes, unchanged"),
    Column("digit", Integer, nullable=False, comment="its label, 0 to 9"),
    Column("sha256", Text, nullable=False, comment="checksum of the image's bytes, hex"),
    Column("source", Text, nullable=False, comment="the folder or file it was read from"),
    Column("name", Text, nullable=False, comment="its name there"),
    Column("added_at", Text, nullable=False, comment="when it was added; UTC"),
    Column(
        "added_in",
        Integer,
        ForeignKey("reference_versions.version"),
        nullable=False,
        comment="the first version it is part of",
    ),
    Column("retired_at", Text, comment="when it was retired; UTC; NULL while it is in use"),
    Column(
        "retired_in",
        Integer,
        ForeignKey("reference_versions.version"),
        comment="the first version it is no longer part of",
    ),
    CheckConstraint("digit BETWEEN 0 AND 9", name="digit"),
    sqlite_autoincrement=True,
    sqlite_strict=True,
    comment="the labeled pictures that new pictures are compared with",
)

# For the rows that are not filed yet, read at every start; almost always empty.
Index("ix_results_unfiled", results.c.id, sqlite_where=results.c.filed_at.is_(None))

# For queries about a period. It holds the status too, so that a million pictures are counted quickly.
Index("ix_results_decided_at_status", results.c.decided_at, results.c.status)

# For requeues that were interrupted; almost always empty.
Index("ix_retried_results_begun", retried_results.c.id, sqlite_where=retried_results.c.put_back_at.is_(None))

# An image is one reference while it is in use; after it is retired, it may be added again as a new row.
Index(
    "uq_reference_images_sha256",
    reference_images.c.sha256,
    unique=True,
    sqlite_where=reference_images.c.retired_at.is_(None),
)
