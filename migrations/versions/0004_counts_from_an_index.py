"""What came in a period is counted from an index alone."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_results_decided_at_status", "results", ["decided_at", "status"])
    op.drop_index("ix_results_decided_at", "results")


def downgrade() -> None:
    op.create_index("ix_results_decided_at", "results", ["decided_at"])
    op.drop_index("ix_results_decided_at_status", "results")
