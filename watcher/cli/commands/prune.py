"""`watcher prune`."""

import re
import time
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read, to_write
from watcher.cli.output import progress_bar
from watcher.config.settings import Config
from watcher.store.pruning import Prunable, prunable, prune
from watcher.store.timestamps import as_stamp
from watcher.text import counted

REST_SECONDS = 0.03
"""Between two steps. Longer than the pauses in which other writers try to take the write lock."""


class _Age(click.ParamType[str]):
    """An age, converted to the stamp that is so long ago: 90d, 12w, 6m (months), 1y."""

    name = "AGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The stamp. Raises click.BadParameter."""
        try:
            return as_stamp(_ago(value, datetime.now(UTC)))
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is not an age; write days, weeks, months or years: 90d, 12w, 6m, 1y", param, ctx
            )


@click.command(
    "prune",
    short_help=COMMANDS["prune"],
    epilog="""\b
Examples:
  watcher prune --older-than 1y --dry-run
  watcher prune --older-than 1y
  watcher prune --older-than 90d --yes           without a question, for cron""",
)
@click.option(
    "--older-than",
    "before",
    type=_Age(),
    required=True,
    help="Remove what was filed longer ago than this: 90d, 12w, 6m (months), 1y.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@configured
def command(config: Config, before: str, *, dry_run: bool, yes: bool) -> None:
    """Remove old rows from the log. No picture is touched.

    This removes the rows of files that were filed, or put back by `watcher retry`, longer ago than that. The
    files stay where they are. Their checksums are kept, so that `watcher fsck` knows them. A daemon may run
    meanwhile. The database file keeps its size: new rows use the free space.
    """
    with to_read(config) as database:
        found = prunable(database, before)
    click.echo(_in_words(found, dry_run=dry_run))
    if dry_run or not found.count:
        return
    if not yes:
        click.confirm("Remove them from the log for good?", abort=True)
    removed = 0
    with to_write(config) as database, progress_bar() as bar:
        task = bar.add_task("removing", total=found.count)
        for more in prune(database, found):
            removed += more
            bar.advance(task, more)
            time.sleep(REST_SECONDS)
    click.echo(f"{counted(removed, 'row')} removed")


def _in_words(found: Prunable, *, dry_run: bool) -> str:
    day = found.before[:10]
    if not found.count:
        words = [f"Nothing was filed before {day}"]
    else:
        oldest = f", the oldest on {found.oldest[:10]}" if found.oldest else ""
        would = " would be removed" if dry_run else ""
        words = [
            f"{counted(found.results.count, 'row')} of files that were filed before {day}{oldest}{would}"
        ]
        if found.requeued.count:
            words.append(f"{counted(found.requeued.count, 'row')} of files that were put back before then")
    if found.kept:
        words.append(f"kept: {counted(found.kept, 'older row')} of files that could not be read")
    return "; ".join(words)


def _ago(age: str, now: datetime) -> datetime:
    """The time that is `age` before now. Months keep the day, or the last day of a shorter month."""
    found = re.fullmatch(r"([1-9]\d{0,5})([dwmy])", age)
    if not found:
        raise ValueError(age)
    number, unit = int(found[1]), found[2]
    if unit in "dw":
        return now - timedelta(days=number * (7 if unit == "w" else 1))
    months = now.year * 12 + now.month - 1 - number * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))
