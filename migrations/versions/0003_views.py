"""Views that people ask the log by, periods found at once, and a note of what was pruned."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SECONDS = "(julianday(filed_at) - julianday(arrived_at)) * 86400"
FILED_AS = ",\n".join(
    f"    sum(status = 'filed' AND digit = {digit}) AS filed_{digit}" for digit in range(10)
)
COUNTED = f"""\
    count(*) AS files,
    sum(status = 'filed') AS filed,
    sum(status = 'review') AS review,
    sum(status = 'failed') AS failed,
    round(avg(status = 'review'), 4) AS review_share,
    round(avg(certainty), 4) AS certainty,
    round(avg({SECONDS}), 3) AS seconds,
    round(max({SECONDS}), 3) AS slowest,
{FILED_AS}
FROM results"""
VIEWS = {
    "daily": f"SELECT\n    substr(decided_at, 1, 10) AS day,\n{COUNTED}\nGROUP BY day ORDER BY day DESC",
    "hourly": "SELECT\n    substr(decided_at, 1, 13) || ':00Z' AS hour,\n"
    f"{COUNTED}\nGROUP BY hour ORDER BY hour DESC",
    "to_review": """\
SELECT id, name, digit, certainty, runner_up, reason, destination, decided_at
FROM results WHERE status = 'review' ORDER BY certainty, id DESC""",
    "failures": """\
SELECT id, name, reason, destination, decided_at, sha256
FROM results WHERE status = 'failed' ORDER BY id DESC""",
}


def upgrade() -> None:
    op.create_index("ix_results_decided_at", "results", ["decided_at"])
    op.create_table(
        "pruned_results",
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_pruned_results"),
        sqlite_with_rowid=False,
        sqlite_strict=True,
    )
    for name, query in VIEWS.items():
        op.get_bind().exec_driver_sql(f"CREATE VIEW {name} AS\n{query}")


def downgrade() -> None:
    for name in VIEWS:
        op.execute(f"DROP VIEW {name}")
    op.drop_table("pruned_results")
    op.drop_index("ix_results_decided_at", "results")
