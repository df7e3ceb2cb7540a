"""The view `daily` counts the days of the machine's own time, as `watcher status` does."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SECONDS = "(julianday(filed_at) - julianday(arrived_at)) * 86400"
FILED_AS = ",\n".join(
    f"    sum(status = 'filed' AND digit = {digit}) AS filed_{digit}" for digit in range(10)
)
DAILY = """\
SELECT
    {day} AS day,
    count(*) AS files,
    sum(status = 'filed') AS filed,
    sum(status = 'review') AS review,
    sum(status = 'failed') AS failed,
    round(avg(status = 'review'), 4) AS review_share,
    round(avg(certainty), 4) AS certainty,
    round(avg({seconds}), 3) AS seconds,
    round(max({seconds}), 3) AS slowest,
{filed_as}
FROM results
GROUP BY day ORDER BY day DESC"""
LOCAL, UTC = "date(decided_at, 'localtime')", "substr(decided_at, 1, 10)"


def upgrade() -> None:
    replace_daily(LOCAL)


def downgrade() -> None:
    replace_daily(UTC)


def replace_daily(day: str) -> None:
    query = DAILY.format(day=day, seconds=SECONDS, filed_as=FILED_AS)
    op.execute("DROP VIEW daily")
    op.get_bind().exec_driver_sql(f"CREATE VIEW daily AS\n{query}")
