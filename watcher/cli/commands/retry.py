"""`watcher retry`."""

import sys
from contextlib import closing

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read, to_write
from watcher.cli.output import print_warning
from watcher.config.settings import Config
from watcher.errors import WatcherError
from watcher.folders.claims import Claims
from watcher.folders.disk import Flusher
from watcher.folders.locks import is_held
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
  watcher retry --all                            the disk was the cause, not the pictures
  watcher retry --review                         after `watcher train` added references""",
)
@click.argument("ids", nargs=-1, type=int, metavar="[ID...]")
@click.option("--all", "all_failed", is_flag=True, help="Every file in failed/.")
@click.option("--review", "all_in_review", is_flag=True, help="Every picture that still lies in review/.")
@configured
def command(config: Config, ids: tuple[int, ...], *, all_failed: bool, all_in_review: bool) -> None:
    """Put files from failed/ and review/ back into the inbox, where they are recognized again.

    Once the cause is fixed, this gives files a new chance. An ID is the id of a result, as `watcher results`
    shows it. Each file gets back the name it came with. Its NAME.reason.txt is removed, and its row moves to
    the table retried_results. A running daemon takes the files at once, otherwise the next start does. You
    may replace a file in failed/ with a better one first.
    """
    if (all_failed or all_in_review) == bool(ids):
        raise click.UsageError("give the IDs of results, or --all, or --review")
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
        wanted = list(ids)
        if all_failed:
            wanted += requeued.of_status("failed")
        if all_in_review:  # what a person took out of review/ is no mistake
            wanted += requeue.still_there(requeued.of_status("review"))
        count = requeue.put_back(wanted, refusals.append)
    for refusal in refusals:
        print_warning(refusal)
    click.echo(f"{count:,} {'picture was' if count == 1 else 'pictures were'} put back")
    claims = Claims(config.inbox.path).path
    if count and not (claims.is_dir() and is_held(claims)):
        click.echo("No daemon runs; `watcher run` starts one, which takes them")
    if refusals:
        sys.exit(1)
