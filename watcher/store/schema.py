"""The tables and views, as the newest migration leaves them, and what each column means.

SQLite keeps no comments: what is said here is shown by `watcher sql --tables` and in the reference.
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

HEAD = "0004"
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
    Column("id", Integer, primary_key=True, comment="counts up in the order of deciding; never given twice"),
    Column(
        "name",
        Text,
        nullable=False,
        comment="the name the file came with; bytes that are not UTF-8 as \\xNN",
    ),
    Column("sha256", Text, comment="checksum of the file's bytes, hex; NULL where they could not be read"),
    Column("digit", Integer, comment="the best guess, 0 to 9; NULL where no picture could be read"),
    Column("certainty", REAL, comment="the probability that digit is right, 0 to 1"),
    Column("runner_up", Integer, comment="the second best guess"),
    Column(
        "scores",
        Text,
        comment="JSON: ten numbers, one a digit from 0 to 9; higher is likelier. They are no probabilities",
    ),
    Column(
        "status",
        Text,
        nullable=False,
        comment="filed: it was sure; review: a person should look; failed: no picture could be read",
    ),
    Column("reason", Text, comment="why it was not filed under its digit; NULL where it was"),
    Column(
        "destination",
        Text,
        nullable=False,
        comment="where it was filed, relative to the outbox: 7/scan.png; people may have moved it since",
    ),
    Column(
        "arrived_at",
        Text,
        nullable=False,
        comment="when the file was complete in the inbox, or claimed where a crash came between; "
        "UTC, ISO 8601 with microseconds and Z",
    ),
    Column("decided_at", Text, nullable=False, comment="when it was decided; UTC, as arrived_at"),
    Column("filed_at", Text, comment="when the file lay safely at its destination; UTC; NULL until it does"),
    # The database itself refuses to decide a claim twice.
    Column(
        "claim",
        Text,
        nullable=False,
        unique=True,
        comment="the token of the claim that this row decides, BATCH/NAME; for the program itself",
    ),
    Column(
        "reference_version",
        Integer,
        comment="under which version of the references it was decided; see reference_versions",
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
    # As the row was in `results`; that each file has one row there stays true when it is put through again.
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
    Column("retried_at", Text, nullable=False, comment="when `watcher retry` took the row out of results"),
    Column("put_back_at", Text, comment="when the file lay in the inbox again; NULL until it does"),
    sqlite_strict=True,
    comment="the rows of failed files that were put back into the inbox; each has a newer row in results",
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
    Column("reason", Text, nullable=False, comment="what changed them"),
    sqlite_autoincrement=True,
    sqlite_strict=True,
    comment="each change of the references",
)

reference_images = Table(
    "reference_images",
    metadata,
    Column(
        "id", Integer, primary_key=True, comment="what `watcher classify` names as nearest; never given twice"
    ),
    Column("image", LargeBinary, nullable=False, comment="the file's bytes, as they came"),
    Column("digit", Integer, nullable=False, comment="what it shows, as its label says; 0 to 9"),
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
    Column("retired_at", Text, comment="when it was taken out of use; UTC; NULL where it is in use"),
    Column(
        "retired_in",
        Integer,
        ForeignKey("reference_versions.version"),
        comment="the first version it is no longer part of",
    ),
    CheckConstraint("digit BETWEEN 0 AND 9", name="digit"),
    sqlite_autoincrement=True,
    sqlite_strict=True,
    comment="the labeled pictures that others are compared with",
)

# Looked up at every start; almost always empty.
Index("ix_results_unfiled", results.c.id, sqlite_where=results.c.filed_at.is_(None))

# Periods of the log are asked for, reported and pruned; new rows come at its end. What became of the pictures
# stands in it, so that a million of them are counted in a moment.
Index("ix_results_decided_at_status", results.c.decided_at, results.c.status)

# Looked up now and then; almost always empty.
Index("ix_retried_results_begun", retried_results.c.id, sqlite_where=retried_results.c.put_back_at.is_(None))

# One image is one reference for as long as it is in use; a retired one may come back as a new row.
Index(
    "uq_reference_images_sha256",
    reference_images.c.sha256,
    unique=True,
    sqlite_where=reference_images.c.retired_at.is_(None),
)
