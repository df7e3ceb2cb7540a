"""The log of results, and the references with their versions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "results",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("digit", sa.Integer),
        sa.Column("certainty", sa.REAL),
        sa.Column("runner_up", sa.Integer),
        sa.Column("scores", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("arrived_at", sa.Text, nullable=False),
        sa.Column("decided_at", sa.Text, nullable=False),
        sa.Column("filed_at", sa.Text),
        sa.Column("claim", sa.Text, nullable=False),
        sa.Column("reference_version", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_results"),
        sa.UniqueConstraint("claim", name="uq_results_claim"),
        sa.CheckConstraint("digit BETWEEN 0 AND 9", name=op.f("ck_results_digit")),
        sa.CheckConstraint("runner_up BETWEEN 0 AND 9", name=op.f("ck_results_runner_up")),
        sa.CheckConstraint("certainty BETWEEN 0 AND 1", name=op.f("ck_results_certainty")),
        sa.CheckConstraint("status IN ('filed', 'review', 'failed')", name=op.f("ck_results_status")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_results_unfiled", "results", ["id"], sqlite_where=sa.text("filed_at IS NULL"))
    op.create_table(
        "reference_versions",
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_reference_versions"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "reference_images",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("image", sa.LargeBinary, nullable=False),
        sa.Column("digit", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("added_at", sa.Text, nullable=False),
        sa.Column("added_in", sa.Integer, nullable=False),
        sa.Column("retired_at", sa.Text),
        sa.Column("retired_in", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_reference_images"),
        sa.ForeignKeyConstraint(
            ["added_in"], ["reference_versions.version"], name="fk_reference_images_added_in"
        ),
        sa.ForeignKeyConstraint(
            ["retired_in"], ["reference_versions.version"], name="fk_reference_images_retired_in"
        ),
        sa.CheckConstraint("digit BETWEEN 0 AND 9", name=op.f("ck_reference_images_digit")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index(
        "uq_reference_images_sha256",
        "reference_images",
        ["sha256"],
        unique=True,
        sqlite_where=sa.text("retired_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("reference_images")
    op.drop_table("reference_versions")
    op.drop_table("results")
