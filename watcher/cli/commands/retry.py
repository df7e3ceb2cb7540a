"""`watcher retry`."""

import sys
from contextlib import closing

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read, to_write
from watcher.cli.output import print_warning
from watcher.config.settings import Config
from watcher.errors import WatcherError
from watcher.folders.disk import Flusher
from watcher.folders.outbox import Outbox
from watcher.maintenance.requeue import Requeue
from watcher.store.requeued import RequeuedResults
from watcher.text import printable


@click.command(
    "retry",
    short_help=COMMANDS["retry"],
    epilog="""\b
Examples:
  watcher results --status failed                which files failed, and why
  watcher retry 17 33
  watcher retry --all                            the disk was the cause, not the pictures""",
)
@click.argument("ids", nargs=-1, type=int, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="Every file in failed/.")
@configured
def command(config: Config, ids: tuple[int, ...], *, everything: bool) -> None:
    """Put failed files back into the inbox, where they are recognized again.

    Once the cause is fixed, this gives failed files a new chance. An ID is the id of a result, as `watcher
    results` shows it. Each file gets back the name it came with. Its NAME.reason.txt is removed, and its row
    moves to the table retried_results. A running daemon takes the files at once, otherwise the next start
    does. You may replace a file in failed/ with a better one first.
    """
    if everything == bool(ids):
        raise click.UsageError("give the IDs of results, or --all")
    with to_read(config):
        pass  # raises if there is no database: this command makes none
    for folder in (config.inbox.path, config.outbox.path):
        if not folder.is_dir():
            raise WatcherError(f"{printable(str(folder))}: there is no such folder; `watcher run` makes it")
    refusals: list[str] = []
    with (
        to_write(config) as database,
        closing(Flusher(config.outbox.path)) as flusher,
    ):
        requeued = RequeuedResults(database)
        requeue = Requeue(requeued, Outbox(config.outbox.path), config.inbox.path, flusher)
        count = requeue.put_back(requeued.failed() if everything else ids, refusals.append)
    for refusal in refusals:
        print_warning(refusal)
    click.echo(f"{count:,} {'picture was' if count == 1 else 'pictures were'} put back")
    if refusals:
        sys.exit(1)
