"""`watcher prune`."""

import sys
import time
from datetime import UTC, datetime

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read, to_write
from watcher.cli.moments import MomentParam, local_words
from watcher.cli.output import progress_bar
from watcher.config.settings import Config
from watcher.errors import WatcherError
from watcher.store.pruning import Prunable, prunable, prune
from watcher.text import counted

REST_SECONDS = 0.03
"""Between two steps. Longer than the pauses in which other writers try to take the write lock."""


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
    type=MomentParam(past=True),
    required=True,
    help="Remove what was filed longer ago than this: 90d, 12w, 6m (months), 1y, or before this day.",
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
        _confirm()
    removed = 0
    with to_write(config) as database, progress_bar() as bar:
        task = bar.add_task("removing", total=found.count)
        for more in prune(database, found):
            removed += more
            bar.advance(task, more)
            time.sleep(REST_SECONDS)
    click.echo(f"{counted(removed, 'row')} removed")


def _confirm() -> None:
    """Ask, and go on only after a yes."""
    try:
        if click.confirm("Remove them from the log for good?"):
            return
    except click.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise
        click.echo()
        raise WatcherError(
            "there was no answer; nothing was removed. --yes removes without a question"
        ) from None
    click.echo("Nothing was removed")
    sys.exit(1)


def _in_words(found: Prunable, *, dry_run: bool) -> str:
    now = datetime.now(UTC)
    day = local_words(found.before, now)
    if not found.count:
        words = [f"Nothing was filed before {day}"]
    else:
        oldest = f", the oldest on {local_words(found.oldest, now)}" if found.oldest else ""
        would = " would be removed" if dry_run else ""
        words = [
            f"{counted(found.results.count, 'row')} of files that were filed before {day}{oldest}{would}"
        ]
        if found.requeued.count:
            words.append(f"{counted(found.requeued.count, 'row')} of files that were put back before then")
    if found.kept:
        words.append(f"kept: {counted(found.kept, 'older row')} of files that could not be read")
    return "; ".join(words)
