"""The history of failed files that were put back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retried_results",
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
        sa.Column("retried_at", sa.Text, nullable=False),
        sa.Column("put_back_at", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_retried_results"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_retried_results_begun", "retried_results", ["id"], sqlite_where=sa.text("put_back_at IS NULL")
    )


def downgrade() -> None:
    op.drop_table("retried_results")
